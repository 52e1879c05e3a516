from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sample_results import TEST_BANK, TRAIN_BANK, sample_result

from vrbench.results import labels
from vrbench.results.schema_parts import BankAbout
from vrbench.results.significance import bootstrap, resampled, statistic_of


@pytest.mark.parametrize(
    ("norm", "bank", "expected"),
    [
        ("none", {"kind": "none", "n_text": 0, "n_video": 0}, "none"),
        ("ncl", TRAIN_BANK, "train 1200 x 1000"),
        ("ncl", TEST_BANK, "test 476 x 476 (transductive)"),
        ("ncl:marginals=captions", TRAIN_BANK, "train 1200 x 1000 (transductive)"),
        ("dsl", TEST_BANK, "test 476 x 476 (transductive)"),
        ("ncl", {"kind": "rolling", "n_text": 0, "n_video": 0}, "rolling"),
    ],
)
def test_a_bank_that_is_the_test_set_is_called_transductive(
    norm: str, bank: BankAbout, expected: str
) -> None:
    assert labels.bank(sample_result(norm=norm, bank=bank)) == expected


def test_how() -> None:
    assert labels.how(sample_result()) == "global"
    assert labels.how(sample_result(sequence="dtw")) == "global, dtw"
    assert labels.how(sample_result(method=None)) == "given similarities"
    trained = sample_result(norm="ncl:gamma=0.05", bank=TRAIN_BANK)
    assert labels.how(trained) == "global, ncl:gamma=0.05, bank train 1200 x 1000"


def test_data_says_size_encoder_protocol_and_features() -> None:
    assert labels.data(sample_result()) == (
        "msrvtt-476 test, 476 texts x 476 videos; encoder toy; ties mean; v2t best-caption; "
        "features 0123456789ab"
    )


def test_limited_results_are_marked() -> None:
    assert "9 texts x 9 videos (limited)" in labels.data(
        sample_result(n_text=9, n_video=9, limit=9)
    )
    assert labels.limited(sample_result(limit=None)) == ""


def test_unnamed_data() -> None:
    assert labels.data(sample_result(dataset=None, split=None, encoder=None)).startswith(
        "unnamed data, 476 texts x 476 videos; encoder not stated; "
    )


def test_provenance() -> None:
    assert labels.provenance(sample_result()) == (
        "global-1a2b.json; vrbench 0.1.0; 2026-11-21T10:00:00; features 0123456789ab"
    )
    assert labels.provenance(sample_result(ranks=None)).startswith("vrbench 0.1.0; ")


def test_provenance_names_the_plugins_of_a_row() -> None:
    made = sample_result()["provenance"]
    plugins = [
        {"distribution": "acme", "version": "1.0", "sha256": "a" * 64},
        {"file": "mine.py", "sha256": "0123456789" * 6},
        {"sha256": "f" * 64},
    ]
    text = labels.provenance(sample_result(provenance={**made, "plugins": plugins}))
    said = "plug-ins acme 1.0, mine.py (01234567), of a process (ffffffff)"
    assert text.split("; ")[1:3] == ["vrbench 0.1.0", said]
    assert "plug-ins" not in labels.provenance(sample_result(provenance={**made, "plugins": []}))


def test_null_is_as_good_as_missing() -> None:
    assert labels.notes([sample_result(notes=None)]) == ()
    given = sample_result(method=None, given_norm=None)
    assert labels.method(given) == "given similarities"


def test_errors_at_several_temperatures_say_theirs() -> None:
    shares = sample_result()["diagnostics"]["v2t"]
    raw = {"diagnostics": {d: {**shares, "normalization_error": 0.25} for d in ("t2v", "v2t")}}
    none = sample_result(error_gamma=0.01)
    other = sample_result(norm="ncl:gamma=0.1", bank=TRAIN_BANK, error_gamma=0.1, raw=raw)
    assert labels.notes([none]) == labels.notes([other]) == ()
    assert labels.notes([none, other, none]) == (
        "global: normalization error at gamma 0.01.",
        "global, ncl:gamma=0.1, bank train 1200 x 1000: normalization error at gamma 0.1, where "
        "the raw similarities have 0.250 (t2v), 0.250 (v2t).",
    )
    own = sample_result(norm="qb-norm", error_gamma=0.2)
    own["diagnostics"]["t2v"] = shares
    assert labels.notes([none, own]) == ()


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0004, "<.001"),
        (0.0434, ".043"),
        (0.0496, ".050"),
        (0.05, ".050"),
        (0.0501, ">.050"),
        (0.0506, ".051"),
        (1.0, "1.000"),
    ],
)
def test_a_p_that_is_printed_says_on_which_side_of_05_it_is(p: float, text: str) -> None:
    assert labels.p_value(p) == text


@pytest.mark.parametrize("seed", range(20))
def test_no_printed_interval_contradicts_its_printed_p(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.geometric(0.2, 41).astype(float)
    after = np.maximum(before + rng.integers(-3, 3, 41), 1)
    names = ["MdR", "MnR"]
    draws = resampled(np.stack([before, after]), [statistic_of(name) for name in names], 199)
    for name, (first, second) in zip(names, draws, strict=True):
        interval, p = bootstrap(second - first)
        values = [float(statistic_of(name)(ranks)) for ranks in (before, after)]
        test: Any = {"metric": name, "value_a": values[0], "value_b": values[1]}
        test |= {"difference": values[1] - values[0], "interval": list(interval)}
        low, high = map(float, labels.tested(test)[3].strip("[]").split(", "))
        printed = labels.p_value(p)
        small = printed.startswith("<") or (not printed.startswith(">") and float(printed) <= 0.05)
        assert (low > 0 or high < 0) == small, (name, interval, p)
