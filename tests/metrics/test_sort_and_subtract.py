from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from audited import released_compute_metrics, reported, save, tied_sim

from vrbench.auditing import audit


@pytest.mark.parametrize("seed", range(4))
def test_sort_and_subtract_is_the_released_function(seed: int, tmp_path: Path) -> None:
    sim = tied_sim(seed, 30, 30)
    report = audit(save(tmp_path / "s.npz", t2v=sim))
    for direction, matrix in (("t2v", sim), ("v2t", sim.T)):
        n, metrics = released_compute_metrics(matrix)
        found = reported(report, "sort-and-subtract", direction)
        assert found["n"] == n > 30
        assert found["metrics"] == pytest.approx(metrics, rel=1e-12)


def test_equal_similarities_give_the_quarter_that_the_issue_tells_of(tmp_path: Path) -> None:
    report = audit(save(tmp_path / "s.npz", t2v=np.ones((4, 4))))
    found = reported(report, "sort-and-subtract", "t2v")
    assert (found["n"], found["metrics"]["R@1"]) == (16, 25)
    assert reported(report, "optimistic", "t2v")["metrics"]["R@1"] == 100
    assert reported(report, "pessimistic", "t2v")["metrics"]["R@1"] == 0


@pytest.mark.parametrize(
    ("second", "n", "first"), [((4, 5, 6), 2, 0), ((5, 5, 4), 3, 100 / 3), ((5, 5, 5), 4, 25)]
)
def test_the_examples_of_the_issue(
    second: tuple[int, ...], n: int, first: float, tmp_path: Path
) -> None:
    sim = np.array([[1, 2, 3], second], dtype=float)
    report = audit(save(tmp_path / "s.npz", t2v=sim, text_video=np.arange(2)))
    found = reported(report, "sort-and-subtract", "t2v")
    assert (found["n"], found["metrics"]["R@1"]) == (n, pytest.approx(first))
