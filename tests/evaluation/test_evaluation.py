from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import oracle_metrics as slow
import pytest
from evaluated import N_BANK_TEXT, N_BANK_VIDEO, N_TEXT, N_VIDEO, OWNER, matrices, path
from small_features import COUNTS, write_features

import vrbench
from vrbench.errors import InputError
from vrbench.importing.to_features import import_arrays
from vrbench.results.result import load
from vrbench.runtime.compiling import available

__all__ = ["path"]


KEYS = {
    *("schema", "dataset", "split", "encoder", "features", "method", "norm", "sequence", "bank"),
    *("n_text", "n_video", "protocol", "metrics", "diagnostics", "seconds", "provenance", "ranks"),
}
"""The keys of a result that interface.md promises."""

METRICS = {"R@1", "R@5", "R@10", "MdR", "MnR", "MRR", "mAP", "nDCG@10", "rsum", "tied"}
DIAGNOSTICS = {"normalization_error", "under", "once", "over", "hub_skewness"}
PROVENANCE = {
    *("vrbench", "python", "torch", "numpy", "numba", "seed", "precision", "device", "command"),
    "date",
}


# --- what a result says


def test_a_result_has_the_promised_keys(path: Path, tmp_path: Path) -> None:
    (result,) = vrbench.evaluate(path, "max-avg", "ncl", out=tmp_path)
    values = result.to_dict()
    assert values.keys() >= KEYS
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["schema"] == 1
    assert (values["dataset"], values["split"]) == ("small", "test")
    assert values["encoder"] == "seeded"
    assert values["features"].keys() == {"file", "sha256"}
    assert values["features"]["file"] == path.name
    assert len(values["features"]["sha256"] or "") == 64
    assert (values["method"], values["norm"], values["sequence"]) == ("max-avg", "ncl", None)
    assert values["bank"] == {"kind": "train", "n_text": N_BANK_TEXT, "n_video": N_BANK_VIDEO}
    assert (values["n_text"], values["n_video"]) == (N_TEXT, N_VIDEO)
    assert values["protocol"] == {"ties": "mean", "v2t": "best-caption"}
    raw = values["raw"]
    assert raw is not None
    for direction in ("t2v", "v2t"):
        several = {f"recall@{k}" for k in (1, 5, 10)} if direction == "v2t" else set()
        assert set(values["metrics"][direction]) == METRICS | several
        assert set(values["diagnostics"][direction]) == DIAGNOSTICS | {"newly"}
        assert set(raw["diagnostics"][direction]) == DIAGNOSTICS
    assert all(isinstance(seconds, float) for seconds in values["seconds"].values())
    assert set(values["provenance"]) >= PROVENANCE
    assert values["provenance"]["precision"] == "single"
    assert (values["provenance"]["numba"] is None) != available()


def test_a_result_is_kept_as_json_with_the_ranks_beside_it(path: Path, tmp_path: Path) -> None:
    (result,) = vrbench.evaluate(path, "max-avg", "none", out=tmp_path)
    (file,) = tmp_path.glob("*.json")
    assert json.loads(file.read_text()) == result.to_dict()
    assert result["ranks"] == file.with_suffix(".npz").name
    with np.load(tmp_path / result["ranks"], allow_pickle=False) as saved:
        ranks = dict(saved)
    sim, _ = matrices(path, "max-avg")
    np.testing.assert_array_equal(ranks["t2v"], vrbench.metrics.ranks(sim, OWNER))
    np.testing.assert_array_equal(ranks["t2v"], slow.ranks_t2v(sim.t2v, OWNER))
    np.testing.assert_array_equal(ranks["v2t"], slow.ranks_v2t(sim.v2t, OWNER))
    assert np.isnan(ranks["v2t"]).tolist() == [count == 0 for count in COUNTS]
    assert ranks["text_ids"].tolist() == [f"text{i}" for i in range(N_TEXT)]
    assert ranks["video_ids"].tolist() == [f"video{i}" for i in range(N_VIDEO)]
    loaded = load(file)
    assert loaded.to_dict() == result.to_dict()
    np.testing.assert_array_equal(loaded.ranks["v2t"], ranks["v2t"])
    assert {other.name for other in tmp_path.iterdir()} == {file.name, result["ranks"]}


def test_without_a_folder_nothing_is_written(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (result,) = vrbench.evaluate(path, "global")
    assert result["ranks"] is None
    assert result.ranks["t2v"].shape == (N_TEXT,)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("norm", ["none", "ncl", "dsl", "center", "qb-norm"])
def test_numbers_are_those_of_the_parts(path: Path, norm: str) -> None:
    (result,) = vrbench.evaluate(path, "tokenflow", norm)
    sim, bank = matrices(path, "tokenflow")
    out = vrbench.normalize(sim, norm, "test" if norm == "dsl" else bank, text_video=OWNER)
    for direction, matrix in (("t2v", out.t2v), ("v2t", out.v2t)):
        ranks = vrbench.metrics.ranks(matrix, OWNER, direction)  # type: ignore[arg-type]
        known = ranks[~np.isnan(ranks)]
        metrics = result["metrics"][direction]
        np.testing.assert_array_equal(result.ranks[direction], ranks)
        assert metrics["R@5"] == pytest.approx(100 * (known <= 5).mean())
        assert metrics["MdR"] == np.median(known)
        assert metrics["MnR"] == pytest.approx(known.mean())
    error = result["diagnostics"]["t2v"]["normalization_error"]
    if norm in ("dsl", "qb-norm"):
        assert error is None
    else:
        assert error == pytest.approx(slow.normalization_error_t2v(out.t2v, OWNER, 0.01))


def test_the_error_is_taken_at_the_norms_temperature(path: Path) -> None:
    (result,) = vrbench.evaluate(path, "max-avg", "ncl:gamma=0.05")
    sim, bank = matrices(path, "max-avg")
    out = vrbench.normalize(sim, "ncl:gamma=0.05", bank, text_video=OWNER)
    expected = slow.normalization_error_v2t(out.v2t, OWNER, 0.05)
    assert result["diagnostics"]["v2t"]["normalization_error"] == pytest.approx(expected)


def test_the_default_is_tokenflow_without_a_norm(path: Path) -> None:
    (result,) = vrbench.evaluate(path)
    assert (result["method"], result["norm"]) == ("tokenflow", "none")
    assert result["bank"] == {"kind": "none", "n_text": 0, "n_video": 0}


def test_protocol_and_ks_are_obeyed(path: Path) -> None:
    (result,) = vrbench.evaluate(path, "max-avg", k=(2, 1), ties="pessimistic", v2t="each-caption")
    assert list(result["metrics"]["v2t"]) == [
        *("R@2", "R@1", "MdR", "MnR", "MRR", "mAP", "nDCG@10", "rsum", "tied")
    ]
    assert result["protocol"] == {"ties": "pessimistic", "v2t": "each-caption"}
    sim, _ = matrices(path, "max-avg")
    expected = slow.ranks_v2t(sim.v2t, OWNER, "pessimistic", "each-caption")
    np.testing.assert_array_equal(result.ranks["v2t"], expected)
    assert result.ranks["v2t"].shape == (N_TEXT,)


# --- precision, memory, raw features


def test_raw_features_are_scored_as_they_are(tmp_path: Path) -> None:
    raw = write_features(tmp_path / "raw.h5", normalized=False)
    cosine = write_features(tmp_path / "cosine.h5")
    with vrbench.open(raw) as features:
        assert not features.text.normalized
        lengths = [3.0 if i == 2 else 1.0 for i in range(len(features.video))]
        items = [features.video.block(i, i + 1).tokens * lengths[i] for i in range(N_VIDEO)]
        texts = [features.text.block(i, i + 1).tokens for i in range(N_TEXT)]
    np.savez(
        tmp_path / "arrays.npz",
        video_tokens=np.concatenate(items),
        video_offsets=np.cumsum([0, *map(len, items)]),
        text_tokens=np.concatenate(texts),
        text_offsets=np.cumsum([0, *map(len, texts)]),
        text_video=OWNER,
    )
    for normalized, same in ((True, True), (False, False)):
        out = tmp_path / f"scaled-{normalized}.h5"
        import_arrays(tmp_path / "arrays.npz", out, normalized=normalized)
        (found,) = vrbench.evaluate(out, "max-sum")
        (expected,) = vrbench.evaluate(cosine if normalized else raw, "max-sum")
        equal = np.array_equal(found.ranks["t2v"], expected.ranks["t2v"])
        assert equal is same


def test_double_precision_is_recorded_and_near(path: Path) -> None:
    single, double = (
        vrbench.evaluate(path, "scan-original", precision=precision)[0]
        for precision in ("single", "double")
    )
    assert double["provenance"]["precision"] == "double"
    assert double["diagnostics"]["t2v"]["normalization_error"] == pytest.approx(
        single["diagnostics"]["t2v"]["normalization_error"], abs=1e-4
    )


@pytest.mark.parametrize("size", ["lots", "-1GB", "2GBB", ""])
def test_a_size_of_memory_that_is_none_is_refused(path: Path, size: str) -> None:
    with pytest.raises(InputError, match="size of memory"):
        vrbench.evaluate(path, "global", memory=size)


# --- what cannot be evaluated


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "tokenflw"}, "Did you mean 'tokenflow'"),
        ({"norm": "ncll"}, "Did you mean 'ncl'"),
        ({"method": "scan:lambda=3"}, "Did you mean 'lam'"),
        ({"k": ()}, "k must be"),
        ({"k": (0, 1)}, "k must be"),
        ({"ties": "average"}, "Unknown ties 'average'"),
        ({"v2t": "max"}, "Unknown v2t 'max'"),
        ({"precision": "half"}, "Unknown precision 'half'"),
        ({"device": "gpu"}, "gpu"),
        ({"workers": 0}, "workers"),
    ],
    ids=str,
)
def test_words_and_values_that_mean_nothing_are_refused(
    path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        vrbench.evaluate(path, **{"method": "global", **options})
