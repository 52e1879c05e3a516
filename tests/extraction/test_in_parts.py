"""An extraction that workers do in parts gives what one does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli_runs import refused, run
from workplace import VIDEOS, Workplace, place, same

from vrbench.evaluation import elsewhere
from vrbench.extraction.parts import extract_parts
from vrbench.runtime.backend import Futures

__all__ = ["place"]


@pytest.fixture
def words(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command whose ``--processes`` are threads."""

    @contextmanager
    def local(processes: int, *_: Any) -> Iterator[Futures]:
        with ThreadPoolExecutor(processes) as threads:
            yield Futures(threads, processes)

    monkeypatch.setattr(elsewhere, "local", local)
    monkeypatch.chdir(place.root)
    command = "extract --videos test --captions test.csv --encoder toy --batch 2"
    return [*command.split(), *["--bank-videos", "bank", "--bank-captions", "bank.csv"]]


def test_parts_hold_what_one_file_does(place: Workplace, words: list[str]) -> None:
    (place.root / "test" / VIDEOS[2] / "f001.png").write_bytes(b"no image")
    assert run(*words, "--out", "f.h5").code == 0
    done = run(*words, "--out", "set", "--shard", "3", "--processes", "2")
    assert done.code == 0, done.err
    assert "a frame of video 'v2', can" in done.err
    assert "set/all.h5: 6 in /video, 12 in /text" in done.err
    run("merge", *sorted(Path("set").glob("part-*")), "--out", "merged.h5")
    assert same(place.root / "f.h5", place.root / "merged.h5")
    stamps = {path: path.stat().st_mtime_ns for path in Path("set").glob("part-*")}
    assert len(stamps) == 3
    again = run(*words, "--out", "set", "--processes", "2")
    assert again.code == 0, "as many parts as there are"
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    refused(*words, "--out", "set", "--shard", "4", says="set holds parts of 3: give that")


def test_what_workers_cannot_do_is_said(place: Workplace, words: list[str]) -> None:
    there = ("--out", "set", "--processes", "2")
    refused(*words, *there, "--shard", "1/3", says="--shard 1/3 is one part, done here")
    refused(*words, "--out", "f.h5", "--shard", "2", says="Parts go into a folder, f.h5 is a file")
    refused(*words, *there, "--shard", "8", says="There are 7 videos: --shard takes so many")
    gone = [*words[:2], "gone", *words[3:]]
    refused(*gone, *there, says=r"The worker on .* cannot see .*/gone \(No such file .* same path")
    assert not Path("set").exists()


def test_a_part_that_nobody_waits_for_ends(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vrbench.errors import InputError
    from vrbench.extraction import parts

    monkeypatch.setattr(parts, "asked_for", lambda: False)
    with pytest.raises(InputError, match=r"Part 1/2 \(videos 'v0' to 'v2'\) is not asked for"):
        extract_parts(place.source, place.root / "set", 2, encoder="toy")
