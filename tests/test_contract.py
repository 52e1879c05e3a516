"""How something is computed changes no rank: for every alignment there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from small_features import write_features

import vrbench
from vrbench.alignments import alignments, parse_method
from vrbench.alignments.engine import emd_positives, fused, product
from vrbench.bundled import bundled_features
from vrbench.evaluation.sources import grid, scorer
from vrbench.evaluation.sources import without_matrix as folding
from vrbench.features import Features
from vrbench.metrics import counting
from vrbench.results.result import Result
from vrbench.runtime import sums
from vrbench.runtime.compiling import available

SPECS = (
    *(name for name in alignments.classes() if name != "ucofia"),
    "ucofia:levels=video+frame",  # the rest needs patches
    "scan-original:agg=lse",
    "0.5*global+0.5*tokenflow",
    "2*max-avg+-0.25*emd+scan",
)
SLOW = ("emd", "transport", "scan-original")
"""Alignments in doubles that take too long for all of the bundled features."""
DIRECTIONS = ("t2v", "v2t")

pytestmark = pytest.mark.usefixtures("all_threads")


ENGINES = [
    *((spec, "numba") for spec in SPECS),
    *((s, "numpy") for s in SPECS if s == "global" or fused.compiles(parse_method(s))),
]
"""All that numba compiles, and none of it; of a method without a kernel only ranks are compiled."""

over_engines = pytest.mark.parametrize(("spec", "engine"), ENGINES, indirect=["engine"])


@pytest.fixture
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "numpy":
        for module in (product, fused, emd_positives):
            monkeypatch.setattr(module, "vectorized", lambda: False)
        monkeypatch.setattr(counting, "available", lambda: False)
    elif not available():
        pytest.skip("numba is not installed")


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Features]:
    """37 texts of 24 videos, hard enough that ranks of all sizes occur."""
    path = tmp_path_factory.mktemp("features") / "f.h5"
    write_features(path, counts=(1, 2, 1, 0, 3, 1) * 4 + (5,), noise=3)
    with vrbench.open(path) as opened:
        yield opened


def evaluate(features: Features, spec: str, **options: Any) -> Result:
    (result,) = vrbench.evaluate(features, spec, **options)
    return result


def assert_same(result: Result, other: Result) -> None:
    for d in DIRECTIONS:
        np.testing.assert_array_equal(result.ranks[d], other.ranks[d])
        assert result["metrics"][d] == other["metrics"][d]
        for name, value in result["diagnostics"][d].items():
            assert value is None or value == other["diagnostics"][d][name]  # emd by bounds


@pytest.mark.usefixtures("engine")
@over_engines
def test_workers_bounds_of_memory_and_folding_change_no_rank(
    spec: str, features: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evaluate(features, spec, workers=1)
    assert len(np.unique(whole.ranks["t2v"])) > 5
    assert_same(evaluate(features, spec, workers=3), whole)
    # blocks of a few items, as a bound of memory makes them of large files
    asked: list[int] = []

    def share(pending: int, *_: int) -> tuple[int, int]:
        asked.append(pending)
        return 8_000, 2

    monkeypatch.setattr(scorer, "share", share)
    monkeypatch.setattr(grid, "LEAF", 4)
    monkeypatch.setattr(sums, "LEAF", 4)
    monkeypatch.setattr(folding, "FOLDED", 8 * 64)
    whole = evaluate(features, spec, workers=1)  # of small leaves
    assert_same(evaluate(features, spec, memory="900GB"), whole)
    assert_same(evaluate(features, spec, memory="900GB", matrix=False), whole)
    assert len(asked) > 20


@pytest.mark.usefixtures("engine")
@over_engines
def test_the_order_of_items_changes_no_rank(spec: str, features: Features) -> None:
    rng = np.random.default_rng(0)
    rows, columns = (rng.permutation(len(s)) for s in (features.text, features.video))
    place = np.argsort(columns)
    text = features.text.take(rows)
    links = {**text.item_columns, "video": place[features.text_video[rows]]}
    shuffled = replace(
        features, text=replace(text, item_columns=links), video=features.video.take(columns)
    )
    whole = evaluate(features, spec)
    for matrix in (True, False):
        found = evaluate(shuffled, spec, matrix=matrix)
        np.testing.assert_array_equal(found.ranks["t2v"], whole.ranks["t2v"][rows])
        np.testing.assert_array_equal(found.ranks["v2t"], whole.ranks["v2t"][columns])


@cache
def opened() -> Features:
    return vrbench.open(bundled_features())


def bundled(spec: str, precision: str) -> Result:
    limit = 150 if any(slow in spec for slow in SLOW) else None
    return evaluate(opened(), spec, precision=precision, limit=limit)


@cache
def exact(spec: str) -> Result:
    """In doubles, where no engine but that of ranks differs; those are compared above."""
    return bundled(spec, "double")


@pytest.mark.usefixtures("engine")
@over_engines
def test_single_precision_changes_no_recall_of_the_bundled_features(spec: str) -> None:
    single, double = bundled(spec, "single"), exact(spec)
    for d in DIRECTIONS:
        found, expected = (x["metrics"][d] for x in (single, double))
        recalls = [name for name in expected if name.startswith("R@")]
        assert recalls == ["R@1", "R@5", "R@10"]
        assert {name: found[name] for name in recalls} == {name: expected[name] for name in recalls}
