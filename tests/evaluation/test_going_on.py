"""A run that ended early leaves its blocks to the next one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from small_features import write_features

from vrbench.alignments.prototypes import method_of
from vrbench.errors import InputError
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources import spread, without_matrix
from vrbench.evaluation.sources.scorer import Scorer
from vrbench.runtime import memory
from vrbench.runtime.backend import Here


class Ending(Here):
    """Ends, as a killed client does, after some tasks."""

    def __init__(self, after: int = 10**9) -> None:
        self.left = after

    def map(self, work: Any, tasks: Any) -> Iterator[Any]:
        for found in super().map(work, tasks):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            yield found


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The blocks that a backend has scored so far."""
    found: list[object] = []
    for kind in (spread.Scoring, without_matrix.Flat):
        score = kind.__call__

        def counted(self: Any, *items: Any, score: Any = score) -> Any:
            found.append(items)
            return score(self, *items)

        monkeypatch.setattr(kind, "__call__", counted)
    return found


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (spread, without_matrix):
        monkeypatch.setattr(module, "task_pairs", lambda *_: 1)
    return write_features(tmp_path / "f.h5", counts=(1, 2, 0, 3, 1, 2) * 50, noise=3, dim=8)


def run(path: Path, out: Path, backend: Here | None, spec: str, norm: str, **how: Any) -> Any:
    compute = Compute(workers=1, backend=backend, blocks=out / ".blocks", **how)
    evaluation = Evaluation.open(path, compute=compute)
    with evaluation.source.features:  # type: ignore[union-attr]
        (result,) = evaluation.run(evaluation.jobs([spec], [norm]), Output(out))
    return result


@pytest.mark.parametrize(
    ("spec", "norm", "matrix"),
    [
        ("tokenflow", "none", True),
        ("global", "dsl", True),
        ("tokenflow", "none", False),
        ("emd", "none", False),
    ],
)
@pytest.mark.parametrize("after", [1, 3])
def test_finished_blocks_are_not_computed_again(
    spec: str,
    norm: str,
    matrix: bool,
    after: int,
    path: Path,
    tmp_path: Path,
    scored: list[object],
) -> None:
    out = tmp_path / "out"
    run(path, tmp_path / "whole", Ending(), spec, norm, matrix=matrix)
    whole = len(scored)
    with pytest.raises(KeyboardInterrupt):
        run(path, out, Ending(after), spec, norm, matrix=matrix)
    left = len(list((out / ".blocks").rglob("*.npz")))
    assert after <= left <= after + 1, "a worker keeps its block before the client knows of it"
    scored.clear()
    found = run(path, out, Ending(), spec, norm, matrix=matrix)
    assert len(scored) == whole - left
    here = run(path, tmp_path / "here", None, spec, norm, matrix=matrix)
    for key in ("metrics", "diagnostics", "raw"):
        assert found[key] == here[key]
    for name, ranks in here.ranks.items():
        np.testing.assert_array_equal(found.ranks[name], ranks)
    assert not (out / ".blocks").exists(), "the result is there"


def test_a_file_whose_results_are_there_leaves_the_blocks_of_the_next(
    path: Path, tmp_path: Path
) -> None:
    """A grid of several files that is begun again."""
    out = tmp_path / "out"
    compute = Compute(workers=1, backend=Here(), blocks=out / ".blocks")
    evaluation = Evaluation.open(path, compute=compute)
    with evaluation.source.features:  # type: ignore[union-attr]
        list(evaluation.run(evaluation.jobs(["global"], ["none"]), Output(out)))
        with pytest.raises(KeyboardInterrupt):
            run(path, out, Ending(1), "tokenflow", "none")
        list(evaluation.run(evaluation.jobs(["global"], ["none"], out), Output(out)))
    assert len(list((out / ".blocks").iterdir())) == 1


@pytest.mark.parametrize("change", ["method", "precision", "tokens", "damage"])
def test_blocks_of_something_else_are_not_taken(
    change: str, path: Path, tmp_path: Path, scored: list[object]
) -> None:
    out, how = tmp_path / "out", {}
    with pytest.raises(KeyboardInterrupt):
        run(path, out, Ending(2), "max-avg", "none")
    spec = "tokenflow" if change == "method" else "max-avg"
    if change == "precision":
        how["precision"] = "double"
    if change == "tokens":
        write_features(path, seed=1, counts=(1, 2, 0, 3, 1, 2) * 50, noise=3, dim=8)
    if change == "damage":
        for block in (out / ".blocks").rglob("*.npz"):
            block.write_bytes(block.read_bytes()[:-100])
    scored.clear()
    found = run(path, out, Ending(), spec, "none", **how)
    assert len(scored) == 4, "all"
    assert found["metrics"] == run(path, tmp_path / "here", None, spec, "none", **how)["metrics"]


@pytest.mark.parametrize("how", ["full", "little", "another machine"])
def test_blocks_that_cannot_be_kept_only_cost_time(
    how: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scored: list[object]
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    def unseen(*_: Any, **__: Any) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    if how == "full":
        monkeypatch.setattr("vrbench.sims.journal.np", SimpleNamespace(savez=full))
    if how == "another machine":  # where the folder is not there
        monkeypatch.setattr("vrbench.sims.journal.shutil.disk_usage", unseen)
    for matrix, times in ((True, 4), (False, 8)):  # then blocks are scored for both reads
        if how == "little":  # of what is free, half is left free
            free = chain([10**9], repeat(10**9 // 2 + 1000))
            usage = lambda _, free=free: SimpleNamespace(free=next(free))  # noqa: E731
            monkeypatch.setattr("vrbench.sims.journal.shutil.disk_usage", usage)
        scored.clear()
        out = tmp_path / str(matrix)
        found = run(path, out, Here(), "max-avg", "none", matrix=matrix)
        assert len(scored) == times
        here = run(path, tmp_path / f"here{matrix}", None, "max-avg", "none", matrix=matrix)
        assert found["metrics"] == here["metrics"]
        assert [file.name for file in out.iterdir() if file.name.startswith(".")] == []


def test_a_run_that_is_refused_leaves_no_empty_folder(path: Path, tmp_path: Path) -> None:
    class Refusing(Here):
        def map(self, work: Any, tasks: Any) -> Iterator[Any]:
            raise InputError("no worker")

    for matrix in (True, False):
        out = tmp_path / str(matrix)
        with pytest.raises(InputError, match="no worker"):
            run(path, out, Refusing(), "max-avg", "none", matrix=matrix)
        assert not (out / ".blocks").exists()


def test_mixed_workers_leave_nothing_to_the_next_run(path: Path, tmp_path: Path) -> None:
    """It would not know who made it."""
    mixed = Ending(2)
    mixed.mixed = True  # type: ignore[attr-defined]
    for matrix in (True, False):
        with pytest.raises(KeyboardInterrupt):
            run(path, tmp_path / "out", mixed, "max-avg", "none", matrix=matrix)
        assert not list(tmp_path.rglob("*.block.npz"))


def test_a_finished_run_removes_its_blocks_and_no_others(path: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other.h5"
    other.write_bytes(path.read_bytes())
    for one in (path, other):
        with pytest.raises(KeyboardInterrupt):
            run(one, out, Ending(2), "max-avg", "none")
    for folder in (out / ".blocks").iterdir():  # begun on another machine
        (folder / ".vrbench-00000000-1-1-00000000.npz").write_bytes(b"")
    run(other, out, Ending(), "max-avg", "none")
    [left] = (out / ".blocks").iterdir()
    assert len(list(left.glob("*.block.npz"))) == 2
    run(path, out, None, "max-avg", "none")  # without a backend
    assert not (out / ".blocks").exists()


def test_methods_that_workers_do_not_know_are_refused_before_others_are_scored(
    path: Path, tmp_path: Path, scored: list[object]
) -> None:
    compute = Compute(workers=1, backend=Here(), blocks=tmp_path / "out" / ".blocks")
    evaluation = Evaluation.open(path, compute=compute)
    jobs = evaluation.jobs(["max-avg", method_of(lambda text, video: 0.0)], ["none"])
    with pytest.raises(InputError, match="not one of vrbench's own methods"):
        list(evaluation.run(jobs))
    assert scored == []


def test_auto_is_the_device_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vrbench.evaluation.sources.scorer.torch_device", lambda _: "here")
    assert Scorer.elsewhere(Compute()).compute.device == "here"
    assert Scorer.elsewhere(Compute(device="cuda")).compute.device == "cuda"


def test_a_worker_gets_the_bound_of_each_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_bound", None)
    for bound in (5 * 10**9, 4 * 10**9, None, 6 * 10**9):
        memory.bound_of_task(bound)
        assert memory._bound == bound
    with pytest.raises(InputError, match=r"On the worker at .*: --memory 100MB is too little"):
        memory.bound_of_task(10**8)


def test_blocks_are_of_one_size_in_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    found = set()
    monkeypatch.setattr(memory, "_bound", 10**9)
    for more in range(5):  # imports take a little more or less
        monkeypatch.setattr(memory, "imports", lambda more=more: 450 * 10**6 + more * 10**6)
        monkeypatch.setattr(memory, "resident", lambda more=more: 500 * 10**6 + more * 10**8)
        found.add(memory.planned(10**12))
    assert found == {2**28}
    assert memory.planned(1000) == 1000
