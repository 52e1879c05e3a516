"""Choosing parameters on the bank: what is split, tried, chosen, and never looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_features import write_features

import vrbench
from vrbench import InputError
from vrbench.bundled import bundled_features
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.evaluation.tuning import choose, trials
from vrbench.normalizations import normalizations
from vrbench.sims.file import load_sim


def listed(norm: str, grid: dict[str, list[str]] | None) -> list[str]:
    return trials(norm, normalizations.parse(norm), grid)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What eval --save-sim keeps of the bundled features, tokenflow's two directions apart."""
    path = tmp_path_factory.mktemp("saved") / "sims.npz"
    opened = Evaluation.open(bundled_features())
    list(opened.run(opened.jobs(["max-avg"], ["ncl"]), Output(sims=path)))
    return path


def test_the_validation_part_and_its_bank_share_no_video() -> None:
    features = vrbench.open(bundled_features())
    held = Evaluation.open(features).held_out(0.25, seed=1).source.features
    assert held is not None
    assert held.bank_video is not None
    assert held.bank_text is not None
    assert (len(held.video), len(held.bank_video)) == (250, 750)
    assert not set(held.video.ids) & set(held.bank_video.ids)
    assert not set(held.video.ids) & set(features.video.ids)
    assert features.bank_video is not None
    for text, row in zip(held.text.ids[:50], held.text_video[:50], strict=True):
        assert str(text).startswith(f"{held.video.ids[row]}#")


def test_the_choice_is_the_best_trial_and_never_reads_the_test_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features = vrbench.open(bundled_features())
    tuning = choose(Evaluation.open(features), "global", "ncl", {"gamma": ["0.01", "0.1"]})
    assert [trial["norm"] for trial in tuning.curve] == ["ncl", "ncl:gamma=0.1"]
    best = max(tuning.curve, key=lambda trial: trial["R@1"])
    assert tuning.spec == best["norm"]
    scrambled = vrbench.open(bundled_features())
    broken = np.full(scrambled.text.tokens.shape, np.nan)
    object.__setattr__(scrambled.text, "tokens", broken)
    object.__setattr__(scrambled.video, "tokens", np.full(scrambled.video.tokens.shape, np.nan))
    again = choose(Evaluation.open(scrambled), "global", "ncl", {"gamma": ["0.01", "0.1"]})
    assert again.curve == tuning.curve


def test_trials_are_every_combination_and_keep_what_is_given() -> None:
    assert listed("qb-norm:k=2", {"beta": ["5", "9"]}) == [
        "qb-norm:k=2,beta=5",
        "qb-norm:k=2,beta=9",
    ]
    assert listed("nnn:k=9", None) == [f"nnn:k=9,alpha={a}" for a in ("0.25", "0.5", "0.75", "1")]
    assert len(listed("qb-norm", {"beta": ["1", "2"], "k": ["1", "2", "3"]})) == 6


@pytest.mark.parametrize(
    ("norm", "grid", "message"),
    [
        ("ncl", {"gama": ["1"]}, "Did you mean 'gamma'"),
        ("center", None, "nothing to tune"),
        ("nlc", None, "Did you mean 'ncl'"),
    ],
)
def test_what_cannot_be_tuned_is_refused(
    norm: str, grid: dict[str, list[str]] | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        listed(norm, grid)


def test_a_file_without_a_bank_is_refused(tmp_path: Path) -> None:
    path = write_features(tmp_path / "bare.h5", bank=[])
    with pytest.raises(InputError, match=r"bare\.h5.*never chosen on the test set"):
        choose(Evaluation.open(vrbench.open(path)), "global", "ncl")


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    features = vrbench.open(write_features(tmp_path / "f.h5"))
    with pytest.raises(InputError, match="seed must be 0 or more, it is -1"):
        Evaluation.open(features).held_out(0.25, seed=-1)


@pytest.mark.parametrize("norm", ["ncl", "ncl:marginals=captions", "qb-norm"])
def test_a_similarity_file_is_tuned_as_the_features_are(saved: Path, norm: str) -> None:
    grid = {"beta" if norm == "qb-norm" else "gamma": ["0.05", "20"]}
    expected = choose(Evaluation.open(bundled_features()), "max-avg", norm, grid, seed=3, share=0.3)
    found = choose(Evaluation.open(load_sim(saved)), "max-avg", norm, grid, seed=3, share=0.3)
    assert found == expected
    assert found.about["bank"]["n_video"] == 700


@pytest.mark.parametrize("missing", ["bank_bank_t2v", "bank_text_video"])
def test_a_similarity_file_without_the_banks_own_pairs_is_refused(
    saved: Path, tmp_path: Path, missing: str
) -> None:
    without = {missing, "bank_text_ids"}  # which would name the videos of the bank's texts
    with np.load(saved) as file:
        np.savez(tmp_path / "less.npz", **{k: file[k] for k in file.files if k not in without})
    with pytest.raises(InputError, match=r"less\.npz lacks bank_bank_t2v.*never chosen on"):
        choose(Evaluation.open(load_sim(tmp_path / "less.npz")), "max-avg", "ncl")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("bank_text_video", np.zeros(3, int), r"bank_text_video is int64 \(3,\)"),
        ("bank_text_video", np.full(2000, 1000), "bank videos that bank_v2t does not have"),
        ("captions", np.array(["a"]), r"captions has shape \(1,\)"),
        ("scale", np.array(-1.0), "expected a positive number"),
        ("bank_bank_t2v", np.full((2000, 1000), np.nan), "bank_bank_t2v holds NaN"),
        ("bank_bank_t2v", np.zeros((3, 3)), r"bank_bank_t2v has shape \(3, 3\)"),
    ],
)
def test_what_does_not_fit_in_a_similarity_file_is_named(
    saved: Path, tmp_path: Path, key: str, value: object, message: str
) -> None:
    with np.load(saved) as file:
        np.savez(tmp_path / "bad.npz", **{**{k: file[k] for k in file.files}, key: value})
    with pytest.raises(InputError, match=message):
        choose(Evaluation.open(load_sim(tmp_path / "bad.npz")), "max-avg", "ncl")


def test_the_encoders_scale_is_written_as_the_number_that_it_is(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5", scale=50.0)
    for spec, norm in (
        ("ncl:gamma=scale,iterations=2", "ncl:gamma=0.02,iterations=2"),
        ("dsl:tau=scale", "dsl:tau=0.02"),
        ("sk:scale=scale", "sk:scale=50"),
    ):
        (result,) = vrbench.evaluate(path, "global", spec, "test")
        assert result["norm"] == norm
    with pytest.raises(InputError, match=r"does not say its encoder's logit scale.*'ncl:gamma=sc"):
        vrbench.evaluate(bundled_features(), "global", "ncl:gamma=scale")
