"""A method with alignment levels, from features to results: ``sk`` works on each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from patched import write_patched

import vrbench
from vrbench import results
from vrbench.alignments import parse_method
from vrbench.errors import InputError
from vrbench.evaluation.sources import bank_matrix
from vrbench.evaluation.sources import features as feature_source
from vrbench.evaluation.sources.features import FeatureSource
from vrbench.evaluation.sources.sizes import Sizes
from vrbench.features import open_features
from vrbench.results.result import Result
from vrbench.runtime import memory
from vrbench.sims.file import load_sim
from vrbench.sims.levels import Levels
from vrbench.sims.stored import spool

LEVELS = ("video", "frame", "patch")
DIRECTIONS = ("t2v", "v2t")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patched(tmp_path_factory.mktemp("patched") / "f.h5")


@pytest.fixture(scope="module")
def by_hand(path: Path) -> Path:
    """A similarity file of three levels, each scored by a method of its own."""
    arrays: dict[str, Any] = {}
    with open_features(path) as features:
        sides = {
            "t2v": (features.text, features.video),
            "bank_t2v": (features.bank_text, features.video),
            "bank_v2t": (features.text, features.bank_video),
        }
        for key, (text, video) in sides.items():
            levels = [vrbench.score(text, video, f"ucofia:levels={one}").t2v for one in LEVELS]
            arrays[key] = np.stack(levels)
        arrays["text_video"] = features.text_video
    np.savez(path.parent / "by-hand.npz", **arrays)
    return path.parent / "by-hand.npz"


def saving(path: Path, method: str, norm: str, saved: Path) -> Result:
    words = ("--method", method, "--norm", norm, "--save-sim", saved, "--overwrite")
    done = run("eval", path, *words, "--out", saved.parent / saved.stem, "--json")
    assert done.code == 0, done
    (file,) = (saved.parent / saved.stem).glob("*.json")
    return results.load(file)


def arrays_of(file: Path) -> dict[str, Any]:
    with np.load(file) as npz:
        return dict(npz)


def same(one: Result, other: Result) -> None:
    for d in DIRECTIONS:
        np.testing.assert_array_equal(one.ranks[d], other.ranks[d])
        assert one["metrics"][d] == other["metrics"][d]


@pytest.mark.parametrize(
    ("norm", "bank"),
    [
        *((norm, bank) for norm in ("sk", "ncl") for bank in ("train", "test")),
        *(("sk:scale=20,variant=exact", "train"), ("none", "none")),
    ],
)
def test_features_give_what_three_files_made_by_hand_give(
    path: Path, by_hand: Path, norm: str, bank: str
) -> None:
    (found,) = vrbench.evaluate(path, "ucofia", norm=norm, bank=bank)
    (known,) = vrbench.evaluate(by_hand, norm=norm, bank=bank)
    same(found, known)
    assert found["method"] == "ucofia"


def test_sk_is_the_mean_of_what_it_makes_of_each_level(path: Path, by_hand: Path) -> None:
    sims = arrays_of(by_hand)
    alone = [
        vrbench.normalize(sims["t2v"][k], "sk", bank=sims["bank_t2v"][k],
                          text_video=sims["text_video"]).t2v
        for k in range(3)
    ]  # fmt: skip
    ranks = vrbench.metrics.ranks(np.mean(alone, axis=0), sims["text_video"])
    (found,) = vrbench.evaluate(path, "ucofia", norm="sk", bank="train")
    np.testing.assert_array_equal(found.ranks["t2v"], ranks)
    mean = vrbench.normalize(sims["t2v"].mean(axis=0), "sk", bank=sims["bank_t2v"].mean(axis=0),
                             text_video=sims["text_video"]).t2v  # fmt: skip
    assert np.abs(np.mean(alone, axis=0) - mean).max() > 1e-3


@pytest.mark.parametrize("norm", ["none", "sk"])
def test_saved_similarities_have_the_levels_and_give_the_same(
    path: Path, tmp_path: Path, norm: str
) -> None:
    saved = tmp_path / "s.npz"
    found = saving(path, "ucofia", norm, saved)
    file = load_sim(saved)
    raw = file.sim if norm == "none" else file.raw
    assert raw is not None
    assert raw.t2v.shape == (3, 9, 6)
    with open_features(path) as features:
        scored = vrbench.score(features.text, features.video, "ucofia")
    np.testing.assert_array_equal(raw.t2v, scored.t2v)
    if norm == "sk":
        assert file.bank is not None
        assert file.bank.t2v.shape == (3, 7, 6)
        assert file.bank.v2t.shape == (3, 9, 5)
    (again,) = vrbench.evaluate(saved, norm=norm)
    same(again, found)
    (sk,) = vrbench.evaluate(path, "ucofia", norm="sk", bank="test")
    same(vrbench.evaluate(saved, norm="sk", bank="test")[0], sk)


def test_one_level_has_no_axis(path: Path, tmp_path: Path) -> None:
    saved = tmp_path / "s.npz"
    saving(path, "ucofia:levels=patch", "none", saved)
    assert load_sim(saved).sim.t2v.shape == (9, 6)
    saving(path, "ucofia:levels=patch+global", "ncl", tmp_path / "sum.npz")
    assert load_sim(tmp_path / "sum.npz").sim.t2v.shape == (9, 6)


def test_a_bank_on_disk_and_folding_change_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.npz", tmp_path / "stored.npz"
    sk = saving(path, "ucofia", "sk", kept[0])
    (ncl,) = vrbench.evaluate(path, "ucofia", norm="ncl")
    (none,) = vrbench.evaluate(path, "ucofia")
    same(vrbench.evaluate(path, "ucofia", matrix=False)[0], none)
    monkeypatch.setattr(bank_matrix, "spare", lambda *_: 0)
    monkeypatch.setattr(bank_matrix, "SPOOLED", 100)
    same(saving(path, "ucofia", "sk", kept[1]), sk)
    same(vrbench.evaluate(path, "ucofia", norm="ncl")[0], ncl)
    files = [arrays_of(one) for one in kept]
    for key in ("t2v", "raw_t2v", "bank_t2v", "bank_v2t"):
        np.testing.assert_array_equal(files[0][key], files[1][key])


def test_the_grid_shows_each_level_their_mean_and_sk(path: Path) -> None:
    methods = [*(f"ucofia:levels={one}" for one in LEVELS), "ucofia"]
    grid = vrbench.evaluate(path, methods, norm=["none", "sk"])
    assert [(one["method"], one["norm"]) for one in grid] == [
        (method, norm) for method in methods for norm in ("none", "sk")
    ]


def test_parameters_are_tuned_level_by_level(path: Path) -> None:
    found = vrbench.tune(path, "sk", method="ucofia", bank="train")
    assert found.spec.startswith("sk")
    assert found.result is not None


def test_levels_count_where_memory_is_asked_for(path: Path, tmp_path: Path) -> None:
    one, three = (Sizes(100, 50, 4).raw(levels=n) for n in (1, 3))
    assert (one, three) == (2 * 4 * 5000, 4 * one)
    assert Sizes(100, 50, 4).beside(10, 10, 3) - Sizes(100, 50, 4).beside(10, 10) == 2 * 2 * 4 * 100


def test_levels_on_disk_are_read_like_arrays() -> None:
    rng = np.random.default_rng(0)
    arrays = rng.standard_normal((3, 7, 5)).astype(np.float32)
    stored = Levels(tuple(spool([array[:4], array[4:]]) for array in arrays))
    for levels, expected in ((stored, arrays), (stored.T, arrays.swapaxes(1, 2))):
        assert levels.shape == expected.shape
        assert levels.dtype == np.float32
        np.testing.assert_array_equal(np.asarray(levels), expected)
        np.testing.assert_array_equal(np.asarray(levels.mean(axis=0)), expected.mean(axis=0))
    np.testing.assert_array_equal(Levels(tuple(arrays)).mean(), arrays.mean(axis=0))
    with pytest.raises(TypeError, match="mean of the levels"):
        stored.mean(axis=1)


def test_files_without_patches_are_refused_in_one_sentence(tmp_path: Path) -> None:
    from small_features import write_features

    plain = write_features(tmp_path / "plain.h5")
    refused("eval", plain, "--method", "ucofia", "--out", tmp_path / "r",
            says="has no patches for every item, which the level patch of ucofia")  # fmt: skip
    (result,) = vrbench.evaluate(plain, "ucofia:levels=video+frame", norm="sk")
    assert result["method"] == "ucofia:levels=video+frame"


def test_matrices_of_levels_that_do_not_fit_are_folded_or_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (known,) = vrbench.evaluate(path, "ucofia")
    room = Sizes(9, 6, 4).raw(levels=3) - 1
    assert room > Sizes(9, 6, 4).raw() + Sizes(9, 6, 4).normalized
    monkeypatch.setattr(feature_source, "spare", lambda *_: room)
    monkeypatch.setattr(memory, "_bound", 10**9)
    with open_features(path) as features:
        source = FeatureSource(features)
        three, one = (parse_method(f"ucofia{levels}") for levels in ("", ":levels=patch"))
        assert not source.keeps_matrix("none", three)
        assert source.keeps_matrix("none", one)
        source.check_room([(three, "none"), (one, "test")], whole=False, saved=False)
        for bank, saved in (("test", False), ("none", True)):
            with pytest.raises(InputError, match="memory"):
                source.check_room([(three, bank)], whole=False, saved=saved)
    monkeypatch.setattr(memory, "_bound", None)
    same(vrbench.evaluate(path, "ucofia")[0], known)
