"""Numbers at the edge of float32 and float64: ranked as they are, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from small_features import tokens_of

from vrbench.alignments import parse_method
from vrbench.alignments.engine import driver
from vrbench.errors import InputError
from vrbench.evaluation.evaluate import evaluate

METHODS = ("global", "max-avg", "tokenflow", "lse", "scan", "emd", "uniform")
Precision = Literal["single", "double"]


def scored(
    size: float,
    method: str,
    dtype: str,
    *,
    normalized: bool = False,
    precision: Precision = "single",
    video_size: float | None = None,
) -> Any:
    """(3, 4) similarities of items whose numbers are about so large."""
    random = np.random.default_rng(0)
    sides = []
    for name, lengths, large in (
        ("text", (1, 2, 3), size),
        ("video", (2, 1, 3, 2), size if video_size is None else video_size),
    ):
        items = [random.standard_normal((length, 8)) * large for length in lengths]
        sides.append(tokens_of([i.astype(dtype) for i in items], name, normalized=normalized))
    text, video = sides
    return driver.score(text, video, parse_method(method), precision=precision).t2v


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("size", "dtype"), [(1e-25, "f4"), (1e-40, "f4"), (1e-100, "f8")])
def test_products_that_vanish_are_refused(method: str, size: float, dtype: str) -> None:
    with pytest.raises(InputError, match=r"Item 'text0' of text is so small .* --precision double"):
        scored(size, method, dtype)


@pytest.mark.parametrize("method", METHODS)
def test_double_has_an_edge_too(method: str) -> None:
    with pytest.raises(InputError, match=r"vanish in float64: scale the features\.$"):
        scored(1e-200, method, "f8", precision="double")


@pytest.mark.parametrize(("size", "dtype"), [(1e-25, "f4"), (1e-100, "f8")])
def test_the_remedy_helps(size: float, dtype: str) -> None:
    found = scored(size, "max-avg", dtype, precision="double")
    expected = scored(1, "max-avg", dtype, precision="double")
    np.testing.assert_allclose(found / size**2, expected, rtol=1e-6)


def test_what_does_not_vanish_is_scored() -> None:
    """A side may be as small as it likes if the other is large, and zeros are zeros."""
    found = scored(1e-25, "max-avg", "f4", video_size=1e25)
    np.testing.assert_allclose(found, scored(1, "max-avg", "f4"), rtol=1e-5)
    zeros = [np.zeros((1, 8), np.float32), np.ones((1, 8), np.float32)]
    texts = tokens_of(zeros, "text", normalized=False)
    sim = driver.score(texts, tokens_of(zeros, normalized=False), parse_method("global"))
    assert sim.t2v.tolist() == [[0, 0], [0, 8]]


def test_one_item_that_vanishes_is_named() -> None:
    rows = [np.full((1, 8), size, np.float32) for size in (1, 1e-35, 1)]
    texts = tokens_of(rows[:1], "text", normalized=False)
    with pytest.raises(InputError, match="Item 'video1' of video is so small"):
        driver.score(texts, tokens_of(rows, normalized=False), parse_method("max-avg"))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [1e-35, 1e-25, 1e25, 1e37])
def test_cosines_do_not_depend_on_lengths(method: str, size: float) -> None:
    found = scored(size, method, "f4", normalized=True)
    np.testing.assert_allclose(found, scored(1, method, "f4", normalized=True), atol=1e-5)


def test_similarities_below_the_smallest_normal_number(tmp_path: Path) -> None:
    """They are compared as they are."""
    whole = np.random.default_rng(0).permutation(40 * 40).reshape(40, 40) + 1.0
    ranks = []
    for name, size, dtype in (("tiny.npz", 2.0**-149, np.float32), ("usual.npz", 1, np.float64)):
        np.savez(tmp_path / name, t2v=(whole * size).astype(dtype))
        ranks.append(evaluate(tmp_path / name)[0].ranks)
    for direction in ("t2v", "v2t"):
        np.testing.assert_array_equal(ranks[0][direction], ranks[1][direction])
