"""show, plot and tune with --head: the same items behind the head that eval ranks."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from heads import head_of, linear
from small_features import DIM

import vrbench

METHOD = "max-avg"


@pytest.fixture
def head(place: Path) -> str:
    """A random head for the features ``f.h5`` of the current folder."""
    return written(place / "h.safetensors", 0)


def written(path: Path, seed: int) -> str:
    arrays = linear(np.random.default_rng(seed), 5, text=DIM, video=DIM)
    head_of(arrays, encoder="seeded", method=METHOD).save(path)
    return path.name


def evaluated(head: str | None, norm: str = "none") -> dict[str, Any]:
    [one] = vrbench.evaluate("f.h5", METHOD, norm, head=head)
    return dict(one.to_dict())


def test_show_lists_what_eval_ranks(head: str) -> None:
    words = ("show", "text3", "--features", "f.h5", "--norm", "ncl", "--json", "-q")
    [shown] = json.loads(run(*words, "--head", head).out)
    ranks = [vrbench.evaluate("f.h5", METHOD, n, head=head)[0].ranks for n in ("none", "ncl")]
    row = list(ranks[0]["text_ids"]).index("text3")
    assert [one["rank"] for one in shown["systems"]] == [one["t2v"][row] for one in ranks]
    assert shown["systems"][0]["how"] == "max-avg, head linear (h.safetensors)"
    [plain] = json.loads(run(*words, "--method", METHOD).out)
    assert plain["systems"][0]["how"] == METHOD
    assert plain["systems"] != shown["systems"]


def test_tune_chooses_and_measures_behind_the_head(head: str, place: Path) -> None:
    words = ("tune", "f.h5", "--try", "gamma=0.05,0.5", "--out", "r", "--json", "-q")
    [result] = run(*words, "--head", head).results
    known = evaluated(head, result["norm"])
    assert result["head"] == known["head"]
    assert (result["method"], result["metrics"]) == (METHOD, known["metrics"])
    [plain] = run(*words, "--method", METHOD).results
    assert plain["metrics"] != result["metrics"]
    assert len([*(place / "r").glob("*.json")]) == 2
    from_python = vrbench.tune("f.h5", grid={"gamma": [0.05, 0.5]}, head=head)
    assert from_python.spec == result["norm"]
    assert from_python.result is not None
    assert from_python.result["metrics"] == result["metrics"]


def test_a_figure_is_of_the_items_behind_the_head(head: str, place: Path) -> None:
    words = ("plot", "recalls", "f.h5", "--norm", "none", "--out", "p", "-q")
    drawn = {}
    for name, more in (("head", ("--head", head)), ("none", ("--method", METHOD))):
        [file, *_] = run(*words, *more).out.splitlines()
        with Path(file).open(newline="") as stream:
            drawn[name] = list(csv.DictReader(stream))
    for name, given in (("head", head), ("none", None)):
        metrics = evaluated(given)["metrics"]
        first = [row for row in drawn[name] if (row["K"], row["stage"]) == ("1", "raw")]
        at_1 = {row["direction"]: float(row["R@K"]) for row in first}
        assert at_1 == {d: pytest.approx(metrics[d]["R@1"]) for d in ("t2v", "v2t")}
    frame, _ = vrbench.plot("recalls", "f.h5", head=head, norm="none", out="p")
    assert len(frame) == len(drawn["head"])
    assert len([*(place / "p").glob("*.csv")]) == 2
    written(place / "h.safetensors", 1)  # another head of this name
    run(*words, "--head", head)
    assert len([*(place / "p").glob("*.csv")]) == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tune", "f.h5", "--head", "none.safetensors"], "none.safetensors does not exist"),
        (["plot", "recalls", "f.h5", "--head", "f.h5"], "is no head"),
        (["plot", "training", "h.safetensors", "--head", "h.safetensors"], "takes the head file"),
        (["show", "--from-sim", "s.npz", "--head", "h.safetensors"], "--head reads tokens"),
        (["plot", "ranks", "--from-sim", "s.npz", "--head", "h.safetensors"], "reads tokens"),
    ],
)
def test_what_cannot_be_is_one_sentence(words: list[str], says: str, head: str) -> None:
    np.savez("s.npz", t2v=np.eye(4))
    refused(*words, says=says)


def test_training_videos_and_other_encoders_are_refused(place: Path) -> None:
    from vrbench.heads.head import digest

    arrays = linear(np.random.default_rng(0), 5, text=DIM, video=DIM)
    seen = head_of(arrays, encoder="seeded", train_ids=[digest("video3")])
    seen.save(place / "seen.safetensors")
    head_of(arrays, encoder="other").save(place / "other.safetensors")
    for command in (["tune", "f.h5"], ["plot", "recalls", "f.h5"], ["show", "--features", "f.h5"]):
        refused(*command, "--head", "seen.safetensors", says="trained on 1 of the 8 test videos")
        refused(*command, "--head", "other.safetensors", says="trained on features of other")
