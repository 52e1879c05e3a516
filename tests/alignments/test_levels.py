"""Frames and patches side by side: a method reads the level that it names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused
from numpy.typing import NDArray

import vrbench
from vrbench.alignments import alignments, parse_method
from vrbench.alignments.base import Alignment
from vrbench.errors import InputError
from vrbench.features import Tokens, open_features
from vrbench.features.tokens import offsets_of
from vrbench.features.writer import FeatureWriter

Array = NDArray[Any]
LEVELLED = [name for name, cls in alignments.classes().items() if "level" in cls.__dict__]
COUNTS = [(2, 3), (1, 4), (3, 2), (2, 6), (4, 1)]
"""Frames and patches of each video."""


def side(name: str, items: list[Array], vectors: bool, **columns: Array) -> Tokens:
    ids = np.array([f"{name}{i}" for i in range(len(items))])
    rng = np.random.default_rng(len(items))
    given = rng.standard_normal((len(items), 4)) if vectors else None
    return Tokens(
        ids, np.concatenate(items), offsets_of([len(x) for x in items]), given,
        token_columns=columns, name=name,
    )  # fmt: skip


def sides(vectors: bool) -> tuple[Tokens, Tokens, Tokens, Tokens]:
    """Texts, videos of both levels, and the same videos of each level alone."""
    rng = np.random.default_rng(0)
    frames = [rng.standard_normal((f, 4)) for f, _ in COUNTS]
    patches = [rng.standard_normal((p, 4)) for _, p in COUNTS]
    texts = side("text", [rng.standard_normal((n, 4)) for n in (1, 3, 2, 2)], vectors)
    orders = [rng.permutation(f + p) for f, p in COUNTS]
    both = [np.concatenate(x)[o] for *x, o in zip(frames, patches, orders, strict=True)]
    level = np.concatenate(
        [np.array([0] * f + [1] * p)[o] for (f, p), o in zip(COUNTS, orders, strict=True)]
    ).astype(np.uint8)
    marks = np.split(level, offsets_of([len(x) for x in both])[1:-1])
    ordered = [x[mark == 1] for x, mark in zip(both, marks, strict=True)]
    framed = [x[mark == 0] for x, mark in zip(both, marks, strict=True)]
    of_frames, of_patches = side("video", framed, vectors), side("video", ordered, vectors)
    if not vectors:  # the vector of a video is that of its frames, whatever is read
        unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in framed]
        of_patches = replace(of_patches, global_vectors=np.stack([x.mean(0) for x in unit]))
    return texts, side("video", both, vectors, level=level), of_frames, of_patches


def test_every_method_of_tokens_names_a_level() -> None:
    named = {name for name, cls in alignments.classes().items() if cls().level == "frame"}
    assert named == set(alignments.classes())
    assert {*LEVELLED} == named - {"global", "ucofia"}  # whose levels are its own
    assert Alignment.level == "frame"
    for name in LEVELLED:
        spec = f"{name}:level=patch"
        assert parse_method(spec).spec == spec
        assert parse_method(f"{name}:level=frame").spec == name


@pytest.mark.parametrize("vectors", [True, False])
@pytest.mark.parametrize("name", LEVELLED)
def test_a_level_is_what_a_file_of_this_level_alone_would_be(name: str, vectors: bool) -> None:
    texts, both, frames, patches = sides(vectors)
    for precision in ("single", "double"):
        options: dict[str, Any] = {"precision": precision}
        for level, alone in (("frame", frames), ("patch", patches)):
            found = vrbench.score(texts, both, f"{name}:level={level}", **options)
            expected = vrbench.score(texts, alone, name, **options)
            tolerance = 1e-6 if precision == "single" else 1e-12
            np.testing.assert_allclose(found.t2v, expected.t2v, rtol=0, atol=tolerance)
            np.testing.assert_allclose(found.v2t, expected.v2t, rtol=0, atol=tolerance)


def test_levels_are_summed_like_methods() -> None:
    texts, both, frames, patches = sides(True)
    found = vrbench.score(texts, both, "0.25*max-avg+2*max-avg:level=patch", precision="double")
    one, two = (vrbench.score(texts, x, "max-avg", precision="double") for x in (frames, patches))
    np.testing.assert_allclose(found.t2v, 0.25 * one.t2v + 2 * two.t2v, rtol=0, atol=1e-12)


def write(path: Path) -> Path:
    texts, both, *_ = sides(False)
    with FeatureWriter(path, {"dataset": "levels"}, "float32") as writer:
        writer.append("video", both)
        columns = {"video": np.array([0, 1, 2, 4])}
        writer.append("text", replace(texts, item_columns=columns))
        writer.finish()
    return path


@pytest.mark.parametrize("name", ["max-avg", "emd", "uniform"])
def test_a_file_is_evaluated_at_the_level(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "f.h5")
    (result,) = vrbench.evaluate(path, method=f"{name}:level=patch")
    (other,) = vrbench.evaluate(path, method=name)
    assert result["method"] == f"{name}:level=patch"
    with open_features(path) as features:
        sim = vrbench.score(features.text, features.video, f"{name}:level=patch")
        ranks = vrbench.metrics.ranks(sim.t2v, features.text_video)
    assert result["metrics"]["t2v"]["MnR"] == pytest.approx(float(ranks.mean()))
    assert other["method"] == name


def test_patches_that_are_not_there_are_refused(tmp_path: Path) -> None:
    texts, both, frames, _ = sides(False)
    none = replace(both, token_columns={"level": np.zeros(len(both.tokens), np.uint8)})
    for video in (frames, none):
        with pytest.raises(InputError, match="video has no patches, which level=patch reads"):
            vrbench.score(texts, video, "max-avg:level=patch")
    some = both.token_columns["level"].copy()
    some[: both.lengths[0]] = 0
    with pytest.raises(InputError, match="for every item"):
        vrbench.score(texts, replace(both, token_columns={"level": some}), "uniform:level=patch")
    with pytest.raises(InputError, match="must be one of frame, patch"):
        parse_method("max-avg:level=patches")
    path = write(tmp_path / "f.h5")
    refused("eval", path, "--method", "max-avg:level=both", "--out", tmp_path / "r",
            says="must be one of frame, patch")  # fmt: skip
