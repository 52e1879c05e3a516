"""One front door: every kind of data gives the same numbers, and a new source is one class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluated import OWNER, path
from small_features import write_features

import vrbench
from vrbench import InputError
from vrbench.alignments import Method
from vrbench.evaluation.estimate import estimate
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.evaluation.settings import Settings
from vrbench.evaluation.sources.base import Source
from vrbench.evaluation.tuning import choose
from vrbench.features import open_features
from vrbench.figures import figures
from vrbench.figures.plot import draw
from vrbench.reports import query as showing
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth

__all__ = ["path"]


def numbers(result: Any) -> Any:
    return {d: {k: result["metrics"][d][k] for k in ("R@1", "MnR")} for d in ("t2v", "v2t")}


def vectors(n: int = 9, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    video = rng.normal(size=(n, 6))
    return video + rng.normal(size=(n, 6)), video


# --- what evaluate takes


def test_a_file_its_path_and_its_features_are_one(path: Path) -> None:
    expected = vrbench.evaluate(str(path), "max-avg", "ncl")[0]
    for data in (path, open_features(path)):
        assert numbers(vrbench.evaluate(data, "max-avg", "ncl")[0]) == numbers(expected)


def test_a_similarity_file_is_known_by_its_content(path: Path, tmp_path: Path) -> None:
    opened = Evaluation.open(path)
    saved = tmp_path / "no-ending"
    expected = list(opened.run(opened.jobs(["max-avg"], ["ncl"]), Output(sims=saved)))
    for data in (saved, str(saved), vrbench.Sim(**whole(path))):
        given: dict[str, Any] = {"text_video": OWNER} if isinstance(data, vrbench.Sim) else {}
        found = vrbench.evaluate(
            data, norm="ncl", bank=None if not given else banked(path), **given
        )
        assert found[0]["method"] is None
        assert numbers(found[0]) == numbers(expected[0])


def whole(path: Path) -> dict[str, Any]:
    features = open_features(path)
    sim = vrbench.score(features.text, features.video, "max-avg")
    return {"t2v": sim.t2v, "v2t": sim.v2t}


def banked(path: Path) -> dict[str, Any]:
    features = open_features(path)
    return {
        "t2v": vrbench.score(features.bank_text, features.video, "max-avg").t2v,
        "v2t": vrbench.score(features.text, features.bank_video, "max-avg").v2t,
    }


def test_arrays_are_items_of_one_token() -> None:
    import torch

    text, video = vectors()
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (text, video)]
    expected = vrbench.metrics.ranks(unit[0] @ unit[1].T)
    for data in (
        (text, video),
        (torch.tensor(text), torch.tensor(video)),
        ([row[None] for row in text], list(video[:, None])),
    ):
        for method in ("global", "max-avg"):
            found = vrbench.evaluate(data, method, precision="double")[0]
            np.testing.assert_array_equal(found.ranks["t2v"], expected)
    scored = vrbench.score(text, video, "global", precision="double")
    np.testing.assert_allclose(scored.t2v, unit[0] @ unit[1].T, atol=1e-14)


def test_arrays_have_their_bank_and_their_truth() -> None:
    text, video = vectors()
    twice = np.concatenate([text, text[:4]])
    owner = np.array([*range(9), *range(4)])
    result = vrbench.evaluate(
        (twice, video), "global", "ncl", bank=vectors(7, seed=1), text_video=owner
    )[0]
    assert (result["n_text"], result["bank"]) == (13, {"kind": "train", "n_text": 7, "n_video": 7})
    again = vrbench.evaluate((twice, video), "global", "ncl", text_video=owner, bank="test")[0]
    assert again["transductive"]


def test_what_is_evaluated_is_known_by_its_numbers(tmp_path: Path) -> None:
    text, video = vectors()
    first = vrbench.evaluate((text, video), "global", out=tmp_path)
    vrbench.evaluate((text, video), "global", out=tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 1
    other = vrbench.evaluate((text + 1, video), "global", out=tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 2
    assert first[0]["features"]["sha256"] != other[0]["features"]["sha256"]


@pytest.mark.parametrize(
    ("data", "more", "message"),
    [
        (vectors(), {"text_video": [0, 1]}, r"text_video is int64 \(2,\)"),
        (vectors(), {"text_video": [9] * 9}, "points text 0 to video 9"),
        (vectors(), {"text_video": [9] * 9, "limit": 2}, "points text 0 to video 9"),
        (vectors(), {"text_video": [0.5] * 9}, "text_video is float64"),
        ((np.ones((3, 2)), np.ones((4, 2))), {}, "3 texts and 4 videos"),
        ((np.ones((3, 2)), np.ones((3, 4))), {}, "width"),
        (np.ones((3, 4)), {}, "not square"),
        (np.full((3, 3), np.nan), {}, "NaN"),
        (np.eye(3), {"bank": {"t2v": np.eye(4), "v2t": np.eye(3)}}, "The bank has shapes"),
        (np.eye(3), {"bank": {"t2v": np.eye(3)}}, "one direction only"),
        (np.eye(3), {"norm": "ncl"}, "no bank of training queries"),
        (np.eye(3), {"limit": 2}, "can be neither limited"),
        ({"t2v": np.eye(3)}, {}, "one direction only"),
        (vectors(), {"bank": np.eye(3)}, "a pair"),
        ("nowhere.h5", {}, "nowhere.h5 does not exist"),
        ("nowhere.npz", {}, "nowhere.npz does not exist"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(data: Any, more: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        vrbench.evaluate(data, **more)


# --- what the commands do, as functions


def test_functions_do_what_the_commands_do(path: Path, tmp_path: Path) -> None:
    a, b = vrbench.evaluate(path, ["global", "max-avg"], out=tmp_path)
    report = vrbench.compare(a, tmp_path / f"{Path(str(b['ranks'])).stem}.json")
    assert report == vrbench.compare([a, b]) == vrbench.compare(a, b)
    assert len(vrbench.audit(path, method="max-avg")["rules"]) == 21
    tuning = vrbench.tune(path, "ncl", "global", grid={"gamma": [0.01, 1.0]})
    assert [trial["norm"] for trial in tuning.curve] == ["ncl", "ncl:gamma=1"]
    assert tuning.result is not None
    assert tuning.result["norm"] == tuning.spec
    assert tuning.result["tuning"]["chosen"] == tuning.spec
    assert len(repr(tuning)) < 100
    table = vrbench.table(results=tmp_path)
    assert "| global" in str(table)
    assert table._repr_markdown_() == str(table)
    assert vrbench.table("tokenflow-5").name == "tokenflow-5"
    data, files = vrbench.plot("hubs", path, "global", out=tmp_path / "figures")
    assert len(data)
    assert all(file.exists() for file in files)


def test_open_hides_no_builtin() -> None:
    names: dict[str, Any] = {}
    exec("from vrbench import *", names)
    assert "open" not in names
    assert names["evaluate"] is vrbench.evaluate
    assert vrbench.open is open_features
    assert "open" in dir(vrbench)


# --- a third kind of source is one class


class Planted(Source):
    """Similarities that a formula gives: right pairs are near, hubs at the end."""

    def __init__(self, n: int) -> None:
        self.truth = Truth.of((n, n))
        self.text_ids = np.array([f"t{i}" for i in range(n)])
        self.video_ids = np.array([f"v{i}" for i in range(n)])
        self.about = {
            "dataset": "planted",
            "split": None,
            "encoder": None,
            "features": {"file": "planted", "sha256": str(n)},
        }

    def sim(self, method: Method | None, bank: str, progress: Any) -> Sim:
        n = self.truth.n_text
        both = np.eye(n) / 2 + np.linspace(0, 0.4, n) - np.cos(np.arange(n))[:, None] / 9
        return Sim(both, both)


def test_a_third_source_goes_through_every_door(tmp_path: Path) -> None:
    opened = Evaluation.open(Planted(12), Settings(k=(1, 2)), bank="test")
    jobs = opened.jobs([], ["none", "ncl", "dsl"], tmp_path)
    results = list(opened.run(jobs, Output(tmp_path)))
    assert [result["metrics"]["t2v"]["R@1"] for result in results] == [100, 100, 100]
    assert [job.exists for job in opened.jobs([], ["none", "ncl"], tmp_path)] == [True, True]
    assert estimate(opened.source, jobs[0], opened.compute) is None
    with pytest.raises(InputError, match=r"planted has no bank.*never chosen on the test set"):
        choose(opened, "global", "ncl")
    assert len(vrbench.audit(opened.source)["rules"]) == 21
    draw(figures.parse("hubs"), opened, "", "ncl", tmp_path)
    with pytest.raises(InputError, match="needs a feature file"):
        draw(figures.parse("space"), opened, "", None, tmp_path)
    shown = showing.systems([opened.case_of(job) for job in jobs[:2]], "t2v")
    assert len(shown) == 2
    rolling = Evaluation.open(Planted(12), bank="rolling:3")
    [result] = rolling.run(rolling.jobs([], ["ncl"]))
    assert result["bank"]["kind"] == "rolling"
    assert Evaluation.open(rolling.source).source.window == 3
    assert Evaluation.open(rolling.source, bank="test").source.window == 0
    assert rolling.source.window == 3


def test_a_bank_in_another_file_serves_any_source(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "b.npz", t2v=np.eye(12), bank_t2v=rng.random((5, 12)),
             bank_v2t=rng.random((12, 6)))  # fmt: skip
    opened = Evaluation.open(Planted(12), bank=tmp_path / "b.npz")
    [result] = opened.run(opened.jobs([], ["ncl"]))
    assert result["bank"] == {"kind": "file", "n_text": 5, "n_video": 6}


def test_cases_of_one_method_share_what_is_scored(path: Path) -> None:
    opened = Evaluation.open(write_features(path.parent / "again.h5"))
    none, ncl = (opened.case_of(job) for job in opened.jobs(["max-avg"], ["none", "ncl"]))
    ncl.share(none.scored)
    assert ncl.sim is none.sim
    [other] = opened.jobs(["global"], ["ncl"])
    apart = opened.case_of(other)
    apart.share(none.scored)
    assert apart.scored is not none.scored
