"""Choosing parameters on the bank: what is split, tried, chosen, and never looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_features import write_features

import vrbench
from vrbench import InputError
from vrbench.bundled import bundled_features
from vrbench.tuning import trials, tune, validation


def test_the_validation_part_and_its_bank_share_no_video() -> None:
    features = vrbench.open(bundled_features())
    held = validation(features, 0.25, seed=1)
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
    tuning = tune(features, "global", "ncl", {"gamma": ["0.01", "0.1"]})
    assert [trial["norm"] for trial in tuning.curve] == ["ncl", "ncl:gamma=0.1"]
    best = max(tuning.curve, key=lambda trial: trial["R@1"])
    assert tuning.spec == best["norm"]
    scrambled = vrbench.open(bundled_features())
    broken = np.full(scrambled.text.tokens.shape, np.nan)
    object.__setattr__(scrambled.text, "tokens", broken)
    object.__setattr__(scrambled.video, "tokens", np.full(scrambled.video.tokens.shape, np.nan))
    again = tune(scrambled, "global", "ncl", {"gamma": ["0.01", "0.1"]})
    assert again.curve == tuning.curve


def test_trials_are_every_combination_and_keep_what_is_given() -> None:
    assert trials("qb-norm:k=2", {"beta": ["5", "9"]}) == [
        "qb-norm:k=2,beta=5",
        "qb-norm:k=2,beta=9",
    ]
    assert trials("nnn:k=9", None) == [f"nnn:k=9,alpha={a}" for a in ("0.25", "0.5", "0.75", "1")]
    assert len(trials("qb-norm", {"beta": ["1", "2"], "k": ["1", "2", "3"]})) == 6


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
        trials(norm, grid)


def test_a_file_without_a_bank_is_refused(tmp_path: Path) -> None:
    path = write_features(tmp_path / "bare.h5", bank=[])
    with pytest.raises(InputError, match=r"bare\.h5.*never chosen on the test set"):
        tune(vrbench.open(path), "global", "ncl")
