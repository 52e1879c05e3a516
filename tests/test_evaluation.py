from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import oracle_metrics as slow
import pytest
from numpy.typing import NDArray
from small_features import BANK_COUNTS, COUNTS, write_features

import vrbench
from vrbench.alignments import driver
from vrbench.compiling import available
from vrbench.errors import InputError
from vrbench.evaluation import feature_source, scorer
from vrbench.importing import import_arrays
from vrbench.results import Result, load

Array = NDArray[Any]

OWNER = np.repeat(np.arange(len(COUNTS)), COUNTS)
N_TEXT, N_VIDEO = len(OWNER), len(COUNTS)
N_BANK_TEXT, N_BANK_VIDEO = sum(BANK_COUNTS), len(BANK_COUNTS)

KEYS = {
    *("schema", "dataset", "split", "encoder", "features", "method", "norm", "sequence", "bank"),
    *("n_text", "n_video", "protocol", "metrics", "diagnostics", "seconds", "provenance", "ranks"),
}
"""The keys of a result that interface.md promises."""

METRICS = {"R@1", "R@5", "R@10", "MdR", "MnR", "tied"}
DIAGNOSTICS = {"normalization_error", "under", "once", "over", "hub_skewness"}
PROVENANCE = {
    *("vrbench", "python", "torch", "numpy", "numba", "seed", "precision", "device", "command"),
    "date",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feature file with a bank."""
    return write_features(tmp_path_factory.mktemp("features") / "small.h5")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without a bank."""
    return write_features(tmp_path_factory.mktemp("features") / "bare.h5", bank=())


def matrices(path: Path, method: str) -> tuple[Any, dict[str, Any]]:
    """Similarities of the test set, and those of the bank by direction."""
    with vrbench.open(path) as features:
        sim = vrbench.score(features.text, features.video, method)
        assert features.bank_text is not None
        assert features.bank_video is not None
        t2v = vrbench.score(features.bank_text, features.video, method).t2v
        v2t = vrbench.score(features.text, features.bank_video, method).v2t
    return sim, {"t2v": t2v, "v2t": v2t}


def stamps(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in sorted(folder.iterdir())}


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
    assert len(values["features"]["sha256"]) == 64
    assert (values["method"], values["norm"], values["sequence"]) == ("max-avg", "ncl", None)
    assert values["bank"] == {"kind": "train", "n_text": N_BANK_TEXT, "n_video": N_BANK_VIDEO}
    assert (values["n_text"], values["n_video"]) == (N_TEXT, N_VIDEO)
    assert values["protocol"] == {"ties": "mean", "v2t": "best-caption"}
    for direction in ("t2v", "v2t"):
        assert set(values["metrics"][direction]) == METRICS
        assert set(values["diagnostics"][direction]) == DIAGNOSTICS
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
        asked = ranks[~np.isnan(ranks)]
        metrics = result["metrics"][direction]
        np.testing.assert_array_equal(result.ranks[direction], ranks)
        assert metrics["R@5"] == pytest.approx(100 * (asked <= 5).mean())
        assert metrics["MdR"] == np.median(asked)
        assert metrics["MnR"] == pytest.approx(asked.mean())
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
    assert list(result["metrics"]["v2t"]) == ["R@2", "R@1", "MdR", "MnR", "tied"]
    assert result["protocol"] == {"ties": "pessimistic", "v2t": "each-caption"}
    sim, _ = matrices(path, "max-avg")
    expected = slow.ranks_v2t(sim.v2t, OWNER, "pessimistic", "each-caption")
    np.testing.assert_array_equal(result.ranks["v2t"], expected)
    assert result.ranks["v2t"].shape == (N_TEXT,)


# --- the grid


def names(results: Sequence[Result]) -> list[tuple[str, str]]:
    return [(result["method"], result["norm"]) for result in results]


def test_the_grid_runs_methods_before_norms(path: Path) -> None:
    methods = ["scan:lam=9.0", "0.5*global+0.5*emd", "global"]
    results = vrbench.evaluate(path, methods, ["ncl", "none", "dsl"])
    expected = ["scan", "0.5*global+0.5*emd", "global"]
    assert names(results) == [(m, n) for m in expected for n in ("ncl", "none", "dsl")]


def test_two_spellings_of_a_method_are_one_result(path: Path) -> None:
    results = vrbench.evaluate(path, ["scan", "scan:lam=9", "scan:lam=9.0"], ["none", "none"])
    assert names(results) == [("scan", "none")]


def test_each_method_is_scored_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    score = driver.score

    def counted(text: Any, video: Any, method: Any, **options: Any) -> Any:
        calls.append(f"{method.spec} {len(text)} x {len(video)}")
        return score(text, video, method, **options)

    monkeypatch.setattr(scorer, "score", counted)
    vrbench.evaluate(path, ["global", "scan"], ["none", "ncl", "dsl", "ncl:gamma=0.1"])
    test, texts, videos = (
        f"{N_TEXT} x {N_VIDEO}",
        f"{N_BANK_TEXT} x {N_VIDEO}",
        f"{N_TEXT} x {N_BANK_VIDEO}",
    )
    assert calls == [f"{m} {size}" for m in ("global", "scan") for size in (test, texts, videos)]


def test_what_exists_is_read_and_not_made_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = vrbench.evaluate(path, "max-avg", ["none", "ncl"], out=tmp_path)
    before = stamps(tmp_path)
    assert len(before) == 4

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("scored again")

    with monkeypatch.context() as patch:
        patch.setattr(scorer, "score", refuse)
        again = vrbench.evaluate(path, "max-avg", ["none", "ncl"], out=tmp_path)
    assert stamps(tmp_path) == before
    assert [r.to_dict() for r in again] == [r.to_dict() for r in first]
    np.testing.assert_array_equal(again[1].ranks["v2t"], first[1].ranks["v2t"])
    vrbench.evaluate(path, "max-avg", "none", out=tmp_path, overwrite=True)
    after = stamps(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert len(changed) == 2
    assert all("none" in name for name in changed)


@pytest.mark.parametrize(
    "other",
    [
        {"norm": "ncl:gamma=0.02"},
        {"method": "max-sum"},
        {"bank": "test"},
        {"bank": "rolling"},
        {"bank": "rolling:3"},
        {"ties": "optimistic"},
        {"v2t": "group-max"},
        {"k": (1, 5)},
        {"limit": 4},
        {"limit_ids": ["video0", "video1", "video3"]},
        {"seed": 1},
        {"precision": "double"},
    ],
    ids=str,
)
def test_what_decides_a_result_makes_another_one(
    path: Path, tmp_path: Path, other: dict[str, Any]
) -> None:
    base: dict[str, Any] = {"method": "max-avg", "norm": "ncl", "out": tmp_path}
    (first,) = vrbench.evaluate(path, **base)
    (second,) = vrbench.evaluate(path, **{**base, **other})
    assert first["ranks"] != second["ranks"]
    assert len(stamps(tmp_path)) == 4


def test_other_windows_and_bank_files_make_another_result(path: Path, tmp_path: Path) -> None:
    banks: list[str | Path] = ["rolling", "rolling:2", "rolling:3"]
    for name, seed in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        banks.append(write_features(tmp_path / name / "bank.h5", seed=seed, counts=(1, 1)))
    found = {
        vrbench.evaluate(path, "global", "ncl", bank, out=tmp_path / "out")[0]["ranks"]
        for bank in banks
    }
    assert len(found) == len(banks)


def test_other_features_under_the_same_name_make_another_result(tmp_path: Path) -> None:
    for folder, seed in (("a", 0), ("b", 5)):
        (tmp_path / folder).mkdir()
        write_features(tmp_path / folder / "f.h5", seed=seed)
        vrbench.evaluate(tmp_path / folder / "f.h5", "global", out=tmp_path / "out")
    assert len(stamps(tmp_path / "out")) == 4


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 99}'])
def test_a_damaged_result_is_made_again(path: Path, tmp_path: Path, damage: bytes) -> None:
    (first,) = vrbench.evaluate(path, "global", out=tmp_path)
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(damage)
    (again,) = vrbench.evaluate(path, "global", out=tmp_path)
    assert again["metrics"] == first["metrics"]
    assert json.loads(file.read_text())["metrics"] == first["metrics"]


@pytest.mark.parametrize("damage", [None, b"", b"PK\x03\x04 not an archive"], ids=str)
def test_a_result_whose_ranks_are_lost_is_made_again(
    path: Path, tmp_path: Path, damage: bytes | None
) -> None:
    (first,) = vrbench.evaluate(path, "global", out=tmp_path)
    file = tmp_path / first["ranks"]
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)
    (again,) = vrbench.evaluate(path, "global", out=tmp_path)
    np.testing.assert_array_equal(again.ranks["t2v"], first.ranks["t2v"])
    with np.load(file) as saved:
        np.testing.assert_array_equal(saved["t2v"], first.ranks["t2v"])


# --- limits


def test_a_limit_keeps_the_first_videos_with_their_texts(path: Path) -> None:
    (whole,) = vrbench.evaluate(path, "global")
    assert whole["limit"] is None
    (result,) = vrbench.evaluate(path, "global", limit=4)
    assert (result["n_text"], result["n_video"]) == (sum(COUNTS[:4]), 4)
    assert result["limit"]["first"] == 4
    sim, _ = matrices(path, "global")
    keep = OWNER < 4
    expected = slow.ranks_t2v(sim.t2v[keep][:, :4], OWNER[keep])
    np.testing.assert_array_equal(result.ranks["t2v"], expected)


def test_limit_ids_keep_the_order_of_the_file(path: Path) -> None:
    wanted = ["video7", "video2", "video3"]
    (result,) = vrbench.evaluate(path, "global", limit_ids=wanted)
    assert result["limit"]["ids"]
    assert result.ranks["video_ids"].tolist() == ["video2", "video3", "video7"]
    assert result["n_text"] == COUNTS[2] + COUNTS[3] + COUNTS[7]
    (turned,) = vrbench.evaluate(path, "global", limit_ids=sorted(wanted))
    assert turned["metrics"] == result["metrics"]
    assert turned["limit"] == result["limit"]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"limit": 0}, "at least 1"),
        ({"limit_ids": ["video0", "clip9"]}, "'clip9'"),
        ({"limit_ids": ["video2"]}, "no text belongs to these videos"),
    ],
    ids=str,
)
def test_limits_that_leave_nothing_are_refused(
    path: Path, limits: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        vrbench.evaluate(path, "global", **limits)


# --- banks


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
        ("ncl", "rolling:3", "rolling", (3, 3), False),
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
def test_a_bank_that_stays_on_disk_changes_nothing(
    path: Path, tmp_path: Path, norm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim, bank = matrices(path, "max-avg")
    file = tmp_path / "bank.npz"
    np.savez(file, t2v=sim.t2v, text_video=OWNER, bank_t2v=bank["t2v"], bank_v2t=bank["v2t"])
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
        seen = sim.t2v[max(0, i - 3) : i + 1]
        out[i] = vrbench.normalize(sim.t2v[i : i + 1], "ncl", seen).t2v[0]
    np.testing.assert_array_equal(result.ranks["t2v"], slow.ranks_t2v(out, OWNER))


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


def test_an_item_that_cannot_be_scored_is_named_and_what_was_finished_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_features(tmp_path / "f.h5")
    score = driver.score

    def broken(text: Any, video: Any, method: Any, **options: Any) -> Any:
        sim = score(text, video, method, **options)
        if method.spec == "scan":
            sim.t2v[3, 1] = np.nan
        return sim

    monkeypatch.setattr(scorer, "score", broken)
    with pytest.raises(InputError, match="text 3 and video 1"):
        vrbench.evaluate(path, ["global", "scan"], out=tmp_path / "out")
    assert len(stamps(tmp_path / "out")) == 2


# --- real embeddings


REAL = {
    "videoclip_msrvtt100": {"R@1": 24.0, "R@5": 52.0, "R@10": 73.0},
    "clip_vitb16_coco_val500": {"R@1": 50.6, "R@5": 76.6, "R@10": 86.2},
    "clip_vitb32_memorylens290": {"R@1": 46.9, "R@5": 79.0, "R@10": 92.4},
}


@pytest.mark.parametrize("name", REAL)
def test_real_embeddings_give_the_known_numbers(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    arrays = shared_data / "embeddings" / f"{name}.npz"
    path = import_arrays(arrays, tmp_path / "f.h5", dataset=name)
    (result,) = vrbench.evaluate(path, "global", out=tmp_path)
    found = {key: round(result["metrics"]["t2v"][key], 1) for key in REAL[name]}
    assert found == REAL[name]
    with vrbench.open(path) as features:
        sim = vrbench.score(features.text, features.video, "global").t2v
    owner = np.arange(len(sim))
    np.testing.assert_array_equal(result.ranks["t2v"], slow.ranks_t2v(sim, owner))
    np.testing.assert_array_equal(result.ranks["v2t"], slow.ranks_v2t(sim, owner))


def test_the_videoclip_embeddings_have_37_percent_from_video_to_text(
    shared_data: Path, tmp_path: Path
) -> None:
    arrays = shared_data / "embeddings" / "videoclip_msrvtt100.npz"
    (result,) = vrbench.evaluate(import_arrays(arrays, tmp_path / "f.h5"), "global")
    assert result["metrics"]["v2t"]["R@1"] == 37


@pytest.mark.parametrize(
    ("ties", "recall"), [("mean", 79.0), ("optimistic", 79.7), ("pessimistic", None)]
)
def test_ties_of_real_embeddings_are_counted_by_the_rule(
    shared_data: Path, tmp_path: Path, ties: str, recall: float | None
) -> None:
    arrays = shared_data / "embeddings" / "clip_vitb32_memorylens290.npz"
    path = import_arrays(arrays, tmp_path / "f.h5")
    (result,) = vrbench.evaluate(path, "global", ties=ties)
    metrics = result["metrics"]["t2v"]
    assert metrics["tied"] == pytest.approx(4 / 290)
    if recall is None:
        assert metrics["R@5"] <= 79.0
    else:
        assert round(metrics["R@5"], 1) == recall
