from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import oracle_metrics as slow
import pytest
from evaluated import N_BANK_TEXT, N_BANK_VIDEO, N_TEXT, N_VIDEO, OWNER, bare, matrices, path
from small_features import write_features

import vrbench
from vrbench.errors import InputError
from vrbench.evaluation.sources import bank_matrix as feature_source

__all__ = ["bare", "path"]


@pytest.mark.parametrize(
    ("norm", "bank", "kind", "sizes", "transductive"),
    [
        ("none", None, "none", (0, 0), False),
        ("none", "test", "none", (0, 0), False),
        ("none", "none", "none", (0, 0), False),
        ("ncl", None, "train", (N_BANK_TEXT, N_BANK_VIDEO), False),
        ("ncl", "train", "train", (N_BANK_TEXT, N_BANK_VIDEO), False),
        ("ncl", "test", "test", (N_TEXT, N_VIDEO - 1), True),
        ("ncl", "rolling", "rolling", (N_TEXT, N_VIDEO - 1), False),
        ("ncl", "rolling:3", "rolling", (4, 4), False),  # itself and the three before it
        ("ncl:marginals=captions", "train", "train", (N_BANK_TEXT, N_BANK_VIDEO), True),
        ("dsl", None, "test", (N_TEXT, N_VIDEO - 1), True),
        ("dsl", "train", "train", (N_BANK_TEXT, N_BANK_VIDEO), False),
    ],
)
def test_the_bank_is_what_was_asked_for(
    path: Path,
    norm: str,
    bank: str | None,
    kind: str,
    sizes: tuple[int, int],
    transductive: bool,
) -> None:
    (result,) = vrbench.evaluate(path, "global", norm, bank)
    assert result["bank"] == {"kind": kind, "n_text": sizes[0], "n_video": sizes[1]}
    assert result["transductive"] is transductive


@pytest.mark.parametrize(
    ("norm", "bank", "message"),
    [
        ("ncl", None, "--bank test"),
        ("ncl", "train", "--bank test"),
        ("ncl", "none", "needs a bank"),
        ("dsl", "none", "needs a bank"),
        ("ncl", "tset", "Did you mean 'test'"),
        ("ncl", "rolling:0", "rolling:N with N >= 1"),
        ("ncl", "rolling:x", "rolling:N with N >= 1"),
        ("ncl", "missing.h5", "Unknown bank 'missing.h5'"),
    ],
)
def test_a_bank_that_is_not_there_is_refused(
    bare: Path, norm: str, bank: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        vrbench.evaluate(bare, "global", norm, bank)


def test_without_a_bank_the_test_queries_serve_what_is_defined_on_them(bare: Path) -> None:
    results = vrbench.evaluate(bare, "global", ["none", "dsl"])
    assert [result["bank"]["kind"] for result in results] == ["none", "test"]


@pytest.mark.parametrize("side", ["text", "video"])
def test_half_a_bank_is_refused_with_the_file_and_the_missing_half(
    tmp_path: Path, side: str
) -> None:
    path = write_features(tmp_path / "half.h5", bank=[side])
    missing = "video" if side == "text" else "text"
    with pytest.raises(InputError, match=rf"half\.h5.*{missing}"):
        vrbench.evaluate(path, "global", "ncl")


def test_texts_and_videos_of_another_feature_file_become_the_bank(
    path: Path, tmp_path: Path
) -> None:
    other = write_features(tmp_path / "other.h5", seed=9, counts=(1, 2, 1))
    (result,) = vrbench.evaluate(path, "max-avg", "ncl", other)
    assert result["bank"] == {"kind": "file", "n_text": 4, "n_video": 3}
    with vrbench.open(path) as features, vrbench.open(other) as bank:
        sim = vrbench.score(features.text, features.video, "max-avg")
        banks = {
            "t2v": vrbench.score(bank.text, features.video, "max-avg").t2v,
            "v2t": vrbench.score(features.text, bank.video, "max-avg").v2t,
        }
    out = vrbench.normalize(sim, "ncl", banks, text_video=OWNER)
    np.testing.assert_array_equal(result.ranks["t2v"], slow.ranks_t2v(out.t2v, OWNER))
    np.testing.assert_array_equal(result.ranks["v2t"], slow.ranks_v2t(out.v2t, OWNER))


def test_the_test_set_is_a_transductive_bank_under_any_name(path: Path) -> None:
    (result,) = vrbench.evaluate(path, "global", "ncl", path)
    (test,) = vrbench.evaluate(path, "global", "ncl", "test")
    assert result["metrics"]["t2v"] == test["metrics"]["t2v"]
    assert result["transductive"] is True


def test_the_bank_of_a_similarity_file_becomes_the_bank(path: Path, tmp_path: Path) -> None:
    sim, bank = matrices(path, "max-avg")
    file = tmp_path / "bank.npz"
    np.savez(
        file,
        t2v=sim.t2v,
        text_video=OWNER,
        bank_t2v=bank["t2v"],
        bank_v2t=bank["v2t"],
    )
    (result,) = vrbench.evaluate(path, "max-avg", "ncl", file)
    (train,) = vrbench.evaluate(path, "max-avg", "ncl")
    assert result["bank"] == {"kind": "file", "n_text": N_BANK_TEXT, "n_video": N_BANK_VIDEO}
    assert result["metrics"] == train["metrics"]


@pytest.mark.parametrize("norm", ["ncl", "csls", "gc", "qb-norm", "dsl:log=true"])
@pytest.mark.parametrize("order", [np.ascontiguousarray, np.asfortranarray])
def test_a_bank_that_stays_on_disk_changes_nothing(
    path: Path,
    tmp_path: Path,
    norm: str,
    order: Callable[[Any], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sim, bank = matrices(path, "max-avg")
    file = tmp_path / "bank.npz"
    banked = {f"bank_{d}": order(bank[d]) for d in ("t2v", "v2t")}
    np.savez(file, t2v=sim.t2v, text_video=OWNER, **banked)
    (expected,) = vrbench.evaluate(path, "max-avg", norm, "train")
    monkeypatch.setattr("vrbench.sims.file.LARGE", 0)
    (from_file,) = vrbench.evaluate(path, "max-avg", norm, file)
    monkeypatch.setattr(feature_source, "spare", lambda *_: 0)
    monkeypatch.setattr(feature_source, "SPOOLED", 100)
    (spooled,) = vrbench.evaluate(path, "max-avg", norm, "train")
    for found in (from_file, spooled):
        assert found["metrics"] == expected["metrics"]
        for direction in ("t2v", "v2t"):
            np.testing.assert_array_equal(found.ranks[direction], expected.ranks[direction])
            assert found["diagnostics"][direction] == pytest.approx(
                expected["diagnostics"][direction]
            )


def test_a_rolling_bank_sees_what_came_before(path: Path) -> None:
    (result,) = vrbench.evaluate(path, "max-avg", "ncl", "rolling:4")
    sim, _ = matrices(path, "max-avg")
    out = sim.t2v.astype(np.float64)
    for i in range(1, N_TEXT):
        seen = sim.t2v[max(0, i - 4) : i + 1]
        out[i] = vrbench.normalize(sim.t2v[i : i + 1], "ncl", seen).t2v[0]
    np.testing.assert_array_equal(result.ranks["t2v"], slow.ranks_t2v(out, OWNER))
