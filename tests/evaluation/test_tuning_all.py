"""``tune --norm all``: every norm with its own values, on the validation part of the bank."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from cli_runs import refused, run
from small_features import write_features

from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.tuning import choose, trials
from vrbench.normalizations import normalizations


def test_all_norms_are_tried_with_all_their_values(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    opened = Evaluation.open(path)
    tuning = choose(opened, "global", "all", seed=1)
    expected = []
    for name, cls in normalizations.classes().items():
        own = trials(name, normalizations.parse(name), None) if cls.tunable else [name]
        expected += [normalizations.spec(normalizations.parse(spec)) for spec in own]
    assert [trial["norm"] for trial in tuning.curve] == list(dict.fromkeys(expected))
    assert len(tuning.curve) > 60
    by_norm = {trial["norm"]: trial for trial in tuning.curve}
    for norm in ("ncl", "nnn"):  # the same numbers as of the norm alone
        for trial in choose(opened, "global", norm, seed=1).curve:
            assert by_norm[trial["norm"]] == trial
    assert {
        trial["norm"].partition(":")[0] for trial in tuning.curve if "transductive" in trial
    } == {"dsl"}
    fair = [trial for trial in tuning.curve if "transductive" not in trial]
    chosen = by_norm[tuning.spec]
    assert chosen in fair
    assert (chosen["R@1"], -chosen["MnR"]) == max((t["R@1"], -t["MnR"]) for t in fair)
    order = [(trial["R@1"], -trial["MnR"]) for trial in tuning.best_first]
    assert order == sorted(order, reverse=True)
    assert not tuning.left_out


def test_one_table_of_all_is_printed_best_first(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5", counts=(2,) * 12)
    done = run("tune", path, "--method", "global", "--norm", "all", "--out", tmp_path / "o", "-q")
    assert done.code == 0, done.err
    rows = [line for line in done.out.splitlines() if re.match(r"\S+ +[\d.]+ +[\d.]+", line)]
    recalls = [float(row.split()[1]) for row in rows]
    assert len(rows) > 60
    assert recalls == sorted(recalls, reverse=True)
    assert sum("<- chosen" in row for row in rows) == 1
    assert sum("(transductive)" in row for row in rows) == 6
    (file,) = (tmp_path / "o").glob("*.json")
    assert len(json.loads(file.read_text())["tuning"]["curve"]) == len(rows)
    refused("tune", path, "--norm", "all", "--try", "k=1", says="leave --try out")


def test_a_norm_that_overflows_is_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = ("text", "video", "bank_text", "bank_video")
    arrays: dict[str, Any] = {name: 9 * rng.standard_normal((12, 4)) for name in names}
    np.savez(tmp_path / "a.npz", **arrays, bank_text_video=np.arange(12))
    done = run("import", tmp_path / "a.npz", "--raw", "--out", tmp_path / "f.h5")
    assert done.code == 0, done.err
    tuning = choose(Evaluation.open(tmp_path / "f.h5"), "global", "all")
    assert "inverted-softmax:beta=200" in tuning.left_out
    assert all(trial["norm"] not in tuning.left_out for trial in tuning.curve)
