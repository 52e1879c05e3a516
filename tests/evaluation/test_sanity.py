"""Numbers that cannot be what they seem get a note in the result and under the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from hand_made import write_by_hand
from numpy.typing import NDArray

import vrbench
from vrbench.features.inspect import inspect_file
from vrbench.importing.to_features import import_arrays

Array = NDArray[Any]
N = 40


def unit(x: Array) -> Array:
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True))


def cosines(seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    video = unit(rng.standard_normal((N, 16)))
    return unit(video + 0.7 * unit(rng.standard_normal((N, 16)))) @ video.T


def notes(tmp_path: Path, t2v: Array, *words: str, **more: Any) -> list[str]:
    """The notes of a similarity file under some norm, which stderr and the table print as well."""
    np.savez(tmp_path / "s.npz", t2v=t2v, **more)
    ways: tuple[str | Path, ...] = (
        "eval",
        "--from-sim",
        tmp_path / "s.npz",
        *words,
        "--out",
        tmp_path / "r",
    )
    (result,) = run(*ways, "--json", "--overwrite").results
    printed = " ".join(run(*ways, "--overwrite").err.split())
    table = " ".join(run("table", "--results", tmp_path / "r", "--format", "csv").out.split())
    table = table + " ".join(run("table", "--results", tmp_path / "r").out.split())
    for note in result["notes"]:
        assert note in printed
        assert note in table
    found: list[str] = result["notes"]
    return found


@pytest.mark.parametrize(
    ("factor", "norm", "fits"),
    [
        (100, "ncl", "logit scale of 100, give ncl:gamma=1."),
        (100, "sk", "give sk:scale=1."),
        (100, "dsl", "give dsl:tau=1."),
        (100, "dsl:log=true", "give dsl:tau=1,log=true."),
        (100, "inverted-softmax", "give inverted-softmax:beta=0.2."),
        (100, "qb-norm:k=3", "give qb-norm:beta=0.2,k=3."),
        (14, "ncl", "logit scale of 100, give ncl:gamma=1."),
        (8, "ncl:iterations=9", "logit scale of 10, give ncl:gamma=0.1,iterations=9."),
    ],
)
def test_logits_under_a_default_for_cosines(
    tmp_path: Path, factor: float, norm: str, fits: str
) -> None:
    (note,) = notes(tmp_path, factor * cosines(), "--norm", norm, "--bank", "test")
    assert "assumes cosines" in note
    assert fits in note


def test_the_norm_that_fits_gives_what_cosines_give(tmp_path: Path) -> None:
    fitted = "ncl:gamma=1"
    logits = vrbench.normalize(100 * cosines(), fitted, bank="test").t2v
    np.testing.assert_allclose(logits / 100, vrbench.normalize(cosines(), "ncl", bank="test").t2v)
    assert notes(tmp_path, 100 * cosines(), "--norm", fitted, "--bank", "test") == []


def test_the_encoders_own_scale_is_named_where_it_is_known(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, 25 * cosines(), "--norm", "ncl", "--bank", "test", scale=25.0)
    assert "logit scale of 25, give ncl:gamma=0.25." in note


@pytest.mark.parametrize("norm", ["none", "csls", "gc", "nnn", "center", "ncl:gamma=0.5"])
def test_norms_without_a_default_temperature_need_no_word(tmp_path: Path, norm: str) -> None:
    assert notes(tmp_path, 100 * cosines(), "--norm", norm, "--bank", "test") == []


@pytest.mark.parametrize("norm", ["none", "ncl", "qb-norm", "dsl"])
def test_cosines_need_no_word(tmp_path: Path, norm: str) -> None:
    assert notes(tmp_path, cosines(), "--norm", norm, "--bank", "test") == []


@pytest.mark.parametrize("ties", ["mean", "pessimistic"])
def test_distances(tmp_path: Path, ties: str) -> None:
    found = notes(tmp_path, 1 - cosines(), "--ties", ties)
    assert len(found) == 2
    for note, direction in zip(found, ("t2v", "v2t"), strict=True):
        assert f"near the end for most queries ({direction}: mean rank" in note
        assert "give their negative" in note
    assert notes(tmp_path, np.random.default_rng(0).uniform(size=(N, N))) == []
    tied = notes(tmp_path, np.zeros((N, N)), "--ties", ties)
    assert not any("distances" in note for note in tied)


def test_few_queries_are_last_by_chance(tmp_path: Path) -> None:
    assert notes(tmp_path, np.array([[0.1, 0.2], [0.2, 0.1]])) == []


@pytest.mark.parametrize("fill", [-1e9, -100.0, 0.0])
def test_a_matrix_of_reranked_items_alone(tmp_path: Path, fill: float) -> None:
    sim = 1 + cosines()
    top = np.argsort(-sim, axis=1)[:, :10]
    sparse = np.full((N, N), fill)
    np.put_along_axis(sparse, top, np.take_along_axis(sim, top, axis=1), axis=1)
    found = notes(tmp_path, sparse)
    assert len(found) == 1
    assert found[0].startswith(f"75.0 % of the similarities are {fill:g}")


def test_a_filling_between_scores_of_both_signs_and_of_one_direction(tmp_path: Path) -> None:
    sim = cosines()
    kept = np.abs(sim) > np.quantile(np.abs(sim), 0.7)
    for arrays in ({"t2v": np.where(kept, sim, 0)}, {"t2v": sim, "v2t": np.where(kept, sim, 0)}):
        (note,) = notes(tmp_path, **arrays)
        assert note.startswith("70.0 % of the similarities are 0: if only some pairs were scored")
    assert not notes(tmp_path, np.where(sim > np.quantile(sim, 0.2), sim, -1))


def test_coarse_scores_are_no_filling(tmp_path: Path) -> None:
    assert notes(tmp_path, np.round(6 * cosines()) / 6) == []


def test_logits_below_zero_and_of_one_direction(tmp_path: Path) -> None:
    sim = cosines()
    logits: tuple[dict[str, Array], ...] = (
        {"t2v": 100 * sim - 150},
        {"t2v": 100 * sim - 12},
        {"t2v": sim, "v2t": 100 * sim},
    )
    for arrays in logits:
        (note,) = notes(tmp_path, arrays.pop("t2v"), "--norm", "ncl", "--bank", "test", **arrays)
        assert "logit scale of 100, give ncl:gamma=1." in note
    masked = sim.copy()
    masked[:3, 5:] = -1e4
    assert notes(tmp_path, masked, "--norm", "ncl", "--bank", "test") == []


def test_distances_of_a_weak_encoder(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    video = unit(rng.standard_normal((300, 16)))
    sim = unit(video + 1.5 * rng.standard_normal(video.shape)) @ video.T
    assert len(notes(tmp_path, -sim)) == 2
    assert notes(tmp_path, sim) == []


def pairs(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    video = np.repeat(rng.standard_normal((N, 8)), 3, axis=0).astype(np.float32)
    text = video + 0.1 * rng.standard_normal(video.shape).astype(np.float32)
    np.savez(tmp_path / "a.npz", video=video, text=text)
    return tmp_path / "a.npz"


def test_videos_that_repeat(tmp_path: Path) -> None:
    said: list[str] = []
    path = import_arrays(pairs(tmp_path), tmp_path / "f.h5", note=said.append)
    counted = "80 of 120 videos repeat an earlier one"
    assert [note for note in said if counted in note]
    assert [note for note in inspect_file(path).notes if counted in note]
    (result,) = vrbench.evaluate(path, "max-avg")
    (note,) = result["notes"]  # by vectors, and not a second time by similarities
    assert counted in note
    assert "give text_video" in note
    with vrbench.open(path) as features:
        sim = vrbench.score(features.text, features.video, "global").t2v
    assert [note for note in notes(tmp_path, sim) if counted in note]


def test_columns_that_are_constant_are_not_called_repeated(tmp_path: Path) -> None:
    sim = cosines()
    sim[:, 3:9] = -1.0
    assert notes(tmp_path, sim) == []


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_repeats_are_found_in_blocks_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("vrbench.sims.sim.BLOCK_BYTES", 8 * N * rows)
    sim = cosines()
    sim[:, 5] = sim[:, 2]
    (note,) = notes(tmp_path, sim)
    assert (
        "1 of 40 videos repeat an earlier one (the same similarities), the first is 'video5'"
        in note
    )


def padded(tmp_path: Path) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    tokens = -np.abs(rng.standard_normal((4, 3, 8))).astype(np.float32)
    tokens[:3, 2] = 0
    return {
        "video_tokens": tokens.reshape(12, 8),
        "video_offsets": np.arange(0, 13, 3),
        "text": np.abs(rng.standard_normal((4, 8))).astype(np.float32),
    }


def test_rows_of_zeros_among_raw_features(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **padded(tmp_path))
    said: list[str] = []
    path = import_arrays(tmp_path / "a.npz", tmp_path / "f.h5", normalized=False, note=said.append)
    counted = "3 of 12 rows of /video/tokens are all zeros, the first is of 'video0'"
    assert [note for note in said if counted in note]
    assert sum(counted in note for note in inspect_file(path).notes) == 1
    (result,) = vrbench.evaluate(path, "max-avg")
    assert sum(counted in note for note in result["notes"]) == 1


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("fill", [1.0, -100.0, 1e-6])
def test_rows_of_one_number_after_others(tmp_path: Path, fill: float, normalized: bool) -> None:
    arrays = padded(tmp_path)
    arrays["video_tokens"][[2, 5, 8]] = fill
    np.savez(tmp_path / "a.npz", **arrays)
    path = import_arrays(tmp_path / "a.npz", tmp_path / "f.h5", normalized=normalized)
    counted = "3 of 12 rows of /video/tokens are one number over and over, the first is of 'video0'"
    assert sum(counted in note for note in inspect_file(path).notes) == 1
    (result,) = vrbench.evaluate(path, "max-avg")
    assert sum(counted in note for note in result["notes"]) == 1


def test_rows_of_zeros_in_a_file_written_by_hand(tmp_path: Path) -> None:
    zeros = np.ones((4, 4), dtype=np.float32)
    zeros[2] = 0
    path = write_by_hand(tmp_path / "f.h5", {"text/tokens": zeros}, {"normalized": False})
    counted = "1 of 4 rows of /text/tokens are all zeros, the first is of 't2'"
    assert sum(counted in note for note in inspect_file(path).notes) == 1
    (result,) = vrbench.evaluate(path, "max-avg")
    assert sum(counted in note for note in result["notes"]) == 1
    cosine = write_by_hand(tmp_path / "g.h5", {"text/tokens": zeros + 1})
    assert not vrbench.evaluate(cosine, "max-avg")[0]["notes"]
