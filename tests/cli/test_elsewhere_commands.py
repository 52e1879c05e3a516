from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli_runs import refused, run

from vrbench.evaluation import elsewhere
from vrbench.runtime.backend import Here


class Counting(Here):
    """A backend that counts its tasks, as one of three processes would do them."""

    workers = 3

    def __init__(self) -> None:
        self.done = 0

    def map(self, work: Any, tasks: Any) -> Iterator[Any]:
        self.done += len(tasks)
        return super().map(work, tasks)


@pytest.mark.parametrize(
    "words",
    [
        "eval f.h5 --no-matrix",
        "eval f.h5 --norm ncl --norm dsl --memory 900GB",
        "tune f.h5 --norm dsl --try tau=0.01,0.1",
        "plot hubs f.h5 --norm ncl",
        "reproduce tokenflow-5 f.h5",
    ],
)
def test_every_command_that_scores_can_do_it_elsewhere(
    words: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, asked = Counting(), []

    @contextmanager
    def local(processes: int, *_: Any) -> Iterator[Counting]:
        asked.append(processes)
        yield there

    monkeypatch.setattr(elsewhere, "local", local)
    here = run(*words.split(), "-q", "--out", "out-here")
    found = run(*words.split(), "-q", "--out", "out-elsewhere", "--processes", "3")
    one, other = (re.sub(r"T[\d:]{8}|out-\w+", "", done.out) for done in (here, found))
    assert other == one
    assert here.code == 0
    assert asked == [3]
    assert there.done > 0


def test_without_dask_the_extra_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    says = r"needs the package distributed: install it with pip install 'vrbench\[cluster\]'"
    refused("eval", "f.h5", "--processes", "2", says=says)
    refused("eval", "f.h5", "--cluster", "tcp://127.0.0.1:1", says=says)
    assert run("eval", "f.h5", "--processes", "2", "--dry-run").code == 0, "nothing is started"
