from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli_runs import refused, run

import vrbench
from vrbench.errors import InputError
from vrbench.evaluation import elsewhere
from vrbench.evaluation import run as evaluation_run
from vrbench.evaluation.case import Case
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources import features as feature_source
from vrbench.runtime import memory
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


def test_similarity_files_are_read_here(place: Path) -> None:
    run("eval", "f.h5", "-q", "--save-sim", "s.npz")
    for command in (["eval"], ["tune", "--norm", "dsl"], ["plot", "hubs"]):
        says = "Similarities of --from-sim are scored already, and are measured here: leave"
        refused(*command, "--from-sim", "s.npz", "--processes", "2", says=says)


def test_the_next_method_is_scored_while_one_is_measured(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = {spec: threading.Event() for spec in ("global", "max-avg", "tokenflow")}
    written: list[list[str]] = []

    class Noting(Here):
        def map(self, work: Any, tasks: Any) -> Iterator[Any]:
            for found in super().map(work, tasks):
                scored[work.method.spec].set()
                yield found

    def measuring(case: Case, *how: Any) -> Any:
        if case.method is not None and case.method.spec == "global":
            assert scored["max-avg"].wait(20), "workers do not wait"
        written.append([path.name for path in Path("out").glob("*.json")])
        return measured(case, *how)

    measured = evaluation_run._measure
    monkeypatch.setattr(evaluation_run, "_measure", measuring)
    with vrbench.open("f.h5") as features:
        evaluation = Evaluation.open(features, compute=Compute(backend=Noting()))
        found = list(evaluation.run(evaluation.jobs([*scored], ["none"]), Output(Path("out"))))
    assert [result["method"] for result in found] == list(scored)
    assert any("global" in name for name in written[-1]), "results are written at once"


def test_matrices_that_do_not_fit_here_are_refused_first(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_source, "spare", lambda *_: 100)
    there = Counting()
    with vrbench.open("f.h5") as features:
        evaluation = Evaluation.open(features, compute=Compute(backend=there))
        monkeypatch.setattr(memory, "_bound", 10**9)
        jobs = evaluation.jobs(["global"], ["none", "dsl"])
        says = "cannot hold the similarity .*workers are, this process holds and normalizes them"
        with pytest.raises(InputError, match=says):
            list(evaluation.run(jobs))
    assert there.done == 0
