"""The harness itself: that it would see what it looks for, and gives the same inputs again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz import worker
from fuzz.mutate import change
from fuzz.targets import TARGETS, Target

from vrbench.errors import InputError

SEEDS = ({"a.json": b'{"a": [1, 2, {"b": "c"}]}'},)


def refuses(folder: Path) -> None:
    raise InputError("a.json is not what it should be.")


def raises(folder: Path) -> None:
    raise KeyError("a")


def crashes(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hangs(folder: Path) -> None:
    while True:
        pass


def swells(folder: Path) -> None:
    bytearray(b"a" * 120_000_000)


@pytest.mark.parametrize(
    ("read", "kind"),
    [(raises, "KeyError"), (crashes, "signal 9"), (hangs, "hang"), (swells, "memory")],
)
def test_what_is_no_sentence_is_found(
    read: Callable[[Path], None], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def later(folder: Path) -> None:
        calls.append(folder)
        if len(calls) > 2:  # the first call warms up
            read(folder)

    monkeypatch.setattr(worker, "SECONDS", 0.5)
    monkeypatch.setattr(worker, "GROWTH", 50_000_000)
    ran = worker.run(Target("t", lambda: SEEDS, later), seed=1, first=0, count=2, seconds=60)
    assert [(one.kind, one.index) for one in ran.findings] == [(kind, 1)]
    assert ran.inputs == 2


def test_sentences_and_sound_files_are_none() -> None:
    for read, accepted in ((refuses, 0), (lambda _: None, 5)):
        ran = worker.run(Target("t", lambda: SEEDS, read), seed=1, first=0, count=5, seconds=60)
        assert (ran.inputs, ran.accepted, ran.findings) == (5, accepted, [])


def test_an_input_is_made_again_by_its_number() -> None:
    target = Target("t", lambda: SEEDS, refuses)
    made = [worker.made(target, 1, index) for index in range(50)]
    assert made == [worker.made(target, 1, index) for index in range(50)]
    assert len({str(one) for one in made}) > 40
    assert made != [worker.made(target, 2, index) for index in range(50)]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_seeds_are_small_and_sound(target: Target, tmp_path: Path) -> None:
    """Else what is damaged would be refused for what was wrong before."""
    for files in target.seeds():
        assert sum(map(len, files.values())) < 60_000
        worker.write(files, tmp_path / "in")
        assert worker.attempt(target, tmp_path / "in")[0] == ""


@pytest.mark.parametrize("name", ["a.json", "a.npz", "a.npy", "a.h5", "a.gz", "a.safetensors"])
def test_what_is_no_file_of_its_kind_is_changed_all_the_same(name: str) -> None:
    from random import Random

    assert any(change(name, b"no such file", Random(n)) != b"no such file" for n in range(5))
