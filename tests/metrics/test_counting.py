from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vrbench.metrics import counting
from vrbench.sims.sim import Rows
from vrbench.sims.stored import spool


@pytest.fixture(params=["numba", "numpy"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "numpy":
        monkeypatch.setattr(counting, "available", lambda: False)


def matrix(shape: tuple[int, int], dtype: Any) -> Any:
    """Few different values: many ties."""
    return np.random.default_rng(0).integers(-3, 4, shape).astype(dtype)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (131, 5), (66, 67), (3, 6000)])
def test_counts_equal_a_loop_whichever_way_the_matrix_lies(
    shape: tuple[int, int], dtype: Any
) -> None:
    values = matrix(shape, dtype)
    best = np.random.default_rng(1).integers(-3, 4, shape[0]).astype(dtype)
    best[0] = np.inf
    above = [sum(x > b for x in row) for row, b in zip(values.tolist(), best, strict=True)]
    equal = [sum(x == b for x in row) for row, b in zip(values.tolist(), best, strict=True)]
    flipped = np.ascontiguousarray(values.T)
    stored: list[Any] = [spool([values]), spool([flipped]).T]
    for source in (values, flipped.T, *stored):
        found = counting.count(Rows(source), best)
        assert found[0].tolist() == above
        assert found[1].tolist() == equal
        assert found[2] is True or found[2] == np.True_


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_noticed(bad: float) -> None:
    values = matrix((70, 9), np.float32)
    for where in ((0, 0), (69, 8), (65, 3)):
        broken = values.copy()
        broken[where] = bad
        best = np.zeros(70, dtype=np.float32)
        assert not counting.count(Rows(broken), best)[2]
        assert not counting.count(Rows(np.ascontiguousarray(broken.T).T), best)[2]


def test_large_values_whose_sum_overflows_are_finite() -> None:
    values = np.full((5, 4), 3e38, dtype=np.float32)
    assert counting.count(Rows(values), values[:, 0])[2]


@pytest.mark.usefixtures("engine")
def test_counts_of_a_wide_row_do_not_overflow() -> None:
    values = np.ones((40, 8 * 255 * 3), dtype=np.float32)
    for best, where in ((0, 0), (1, 1)):
        *found, _ = counting.count(Rows(values), np.full(40, best, dtype=np.float32))
        assert np.unique(found[where]) == values.shape[1]
        assert np.unique(found[1 - where]) == 0
