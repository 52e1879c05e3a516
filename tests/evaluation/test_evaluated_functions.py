"""Plain functions as methods of ``vrbench.evaluate``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scored_by_functions import RNG, Array, best_frames, put_back  # noqa: F401

import vrbench
from vrbench.errors import InputError
from vrbench.results import labels

pytestmark = pytest.mark.usefixtures("put_back")

VIDEOS = [RNG.normal(size=(1 + i % 3, 8)) for i in range(6)]
ITEMS = [RNG.normal(size=(1 + i % 4, 8)) for i in range(6)], VIDEOS


def scaled(by: float) -> Callable[[Array, Array], Any]:
    def best(text: Array, video: Array, *, lam: float = 1) -> Any:
        return by * lam * best_frames(text, video)

    return best


def test_a_function_is_measured_as_it_is_scored(tmp_path: Path) -> None:
    plain, named, spec = vrbench.evaluate(ITEMS, [best_frames, scaled(-1), "global"], out=tmp_path)
    for found, function in ((plain, best_frames), (named, scaled(-1)), (spec, "global")):
        expected = vrbench.metrics.ranks(vrbench.score(ITEMS[0], VIDEOS, function))
        np.testing.assert_array_equal(found.ranks["t2v"], expected)
    assert [one.method for one in (plain, named, spec)] == [
        *("function best_frames", "function best", "global")
    ]
    assert "plugins" not in spec.provenance
    (origin,) = plain.provenance["plugins"]
    assert origin.keys() == {"sha256"}
    assert labels.how(plain.values) == "function best_frames"
    (again,) = vrbench.evaluate(ITEMS, method=best_frames)
    np.testing.assert_array_equal(again.ranks["v2t"], plain.ranks["v2t"])


def test_what_a_function_was_before_is_not_taken_for_what_it_is(tmp_path: Path) -> None:
    first, second = (
        vrbench.evaluate(ITEMS, scaled(by), out=tmp_path)[0] for by in (1, -1)
    )  # two closures of one name, from one line of one file
    assert not np.array_equal(first.ranks["t2v"], second.ranks["t2v"])
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_a_grid_of_a_function_scores_it_once(tmp_path: Path) -> None:
    calls = 0

    def counts(text: Array, video: Array) -> Any:
        nonlocal calls
        calls += 1
        return best_frames(text, video)

    results = vrbench.evaluate(ITEMS, counts, ["none", "dsl"], out=tmp_path)
    assert [one.norm for one in results] == ["none", "dsl"]
    assert calls == 36
    assert vrbench.table("tokenflow-5", tmp_path).sections[1].heading.endswith("nothing yet")
    assert "function counts" in str(vrbench.table(None, tmp_path))


def test_a_decorated_function_has_its_name(tmp_path: Path) -> None:
    vrbench.alignment("of-a-test")(best_frames)
    try:
        (result,) = vrbench.evaluate(ITEMS, best_frames)
        assert result.method == "of-a-test"
        assert result.provenance["plugins"][0]["file"] == "scored_by_functions.py"
    finally:
        del best_frames.__dict__["vrbench_alignment"]


@pytest.mark.parametrize("wrong", [5, [None], [lambda text: 1]])
def test_what_is_no_function_of_two_arrays_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="function"):
        vrbench.evaluate(ITEMS, wrong)
