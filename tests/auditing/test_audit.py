"""Every evaluation rule against the function that it stands for, written out slowly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audited import KS, released_compute_metrics, reported, save, tied_sim
from numpy.typing import NDArray
from typer.testing import CliRunner

import vrbench
from vrbench import InputError
from vrbench.auditing import audit
from vrbench.auditing.report import RANKING
from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.cli.printing import audit as printing
from vrbench.metrics.ranking import summary

Array = NDArray[Any]


@pytest.fixture
def captioned(tmp_path: Path) -> tuple[Path, Array, Array]:
    """Texts in no order; the last video has none."""
    owner = np.random.default_rng(5).permutation(
        np.repeat(np.arange(9), [1, 2, 3, 4, 5, 1, 2, 3, 6])
    )
    sim = tied_sim(6, len(owner), 10)
    return save(tmp_path / "c.npz", t2v=sim, text_video=owner), sim, owner


def test_several_captions(captioned: tuple[Path, Array, Array]) -> None:
    path, sim, owner = captioned
    report = audit(path)
    for protocol in ("best-caption", "group-max", "each-caption"):
        ranks = vrbench.metrics.ranks(sim, owner, "v2t", v2t=protocol)
        found = reported(report, protocol, "v2t")
        assert found["metrics"] == pytest.approx(summary(ranks))
        assert reported(report, protocol, "t2v") is None
    groups = np.array([[sim[owner == v, c].max() for c in range(9)] for v in range(9)])
    n, metrics = released_compute_metrics(groups.T)
    found = reported(report, "sort-and-subtract", "v2t")
    assert (found["n"], found["metrics"]) == (n, pytest.approx(metrics))
    assert reported(report, "sort-and-subtract", "t2v") is None
    first = [int(np.flatnonzero(owner == v)[0]) for v in range(9)]
    one = vrbench.metrics.ranks(sim[first], np.arange(9))
    assert reported(report, "first-caption", "t2v")["metrics"] == pytest.approx(summary(one))
    back = vrbench.metrics.ranks(sim[first], np.arange(9), "v2t")
    assert reported(report, "first-caption", "v2t")["metrics"] == pytest.approx(summary(back))


def test_recall_as_a_fraction(captioned: tuple[Path, Array, Array]) -> None:
    path, sim, owner = captioned
    for k in (1, 3):
        shares = []
        for video in range(9):
            own = [sim[i, video] for i in np.flatnonzero(owner == video)]
            places = []
            for value in own:
                better = (sim[:, video] > value).sum()
                tied = (sim[:, video] == value).sum() - 1
                places.append(1 + better + tied / 2)
            shares.append(np.mean([place <= k for place in places]))
        report = audit(path, k=(k,))
        found = reported(report, "recall-fraction", "v2t")
        assert found["metrics"] == {f"R@{k}": pytest.approx(100 * np.mean(shares))}
        assert found["n"] == 9
    assert reported(report, "recall-fraction", "t2v") is None


def test_medians(tmp_path: Path) -> None:
    # ranks 1, 1, 2, 4: the middle pair is 1 and 2
    sim = np.eye(4)
    sim[2, 0] = 2
    sim[3, :3] = 2
    report = audit(save(tmp_path / "s.npz", t2v=sim))
    expected = {"mean": 1.5, "median-lower": 1, "median-floor": 1, "median-from-0": 0.5}
    for rule, median in expected.items():
        assert reported(report, rule, "t2v")["metrics"]["MdR"] == median
    assert reported(report, "median-from-0", "t2v")["metrics"]["MnR"] == 1


@pytest.mark.slow
def test_1000_items_become_1008(tmp_path: Path) -> None:
    sim = np.random.default_rng(0).normal(size=(1000, 1000)).astype(np.float32)
    sim[np.arange(1000), np.arange(1000)] += 2
    report = audit(save(tmp_path / "s.npz", t2v=sim))
    index = np.arange(1008) % 1000
    padded = sim[index][:, index]
    for direction in ("t2v", "v2t"):
        ranks = vrbench.metrics.ranks(padded, direction=direction)
        found = reported(report, "padded", direction)
        assert found["n"] == 1008
        assert found["metrics"] == pytest.approx(summary(ranks))
    assert reported(audit(tmp_path / "s.npz", ["padded:batch=8"]), "padded:batch=8", "t2v") is None


def test_padding_of_captions_repeats_queries_only(captioned: tuple[Path, Array, Array]) -> None:
    path, sim, owner = captioned
    index = np.arange(32) % len(owner)
    found = audit(path)
    for direction in ("t2v", "v2t"):
        ranks = vrbench.metrics.ranks(sim[index], owner[index], direction)
        assert reported(found, "padded", direction)["metrics"] == pytest.approx(summary(ranks))


def softmax(x: Array, axis: int) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def test_dual_softmax_over_set_and_batch(tmp_path: Path) -> None:
    sim = np.random.default_rng(1).normal(size=(20, 20))
    report = audit(
        save(tmp_path / "s.npz", t2v=sim),
        [
            "dual-softmax:tau=0.5",
            "dual-softmax-batch:batch=8,tau=0.5",
            "dual-softmax-texts:tau=0.5",
        ],
    )
    for direction, matrix in (("t2v", sim), ("v2t", sim.T)):
        whole = matrix * softmax(matrix / 0.5, 0)
        batches = [matrix[i : i + 8] * softmax(matrix[i : i + 8] / 0.5, 0) for i in (0, 8, 16)]
        for rule, scores in (
            ("dual-softmax:tau=0.5", whole),
            ("dual-softmax-batch:batch=8,tau=0.5", np.concatenate(batches)),
        ):
            expected = summary(vrbench.metrics.ranks(scores))
            assert reported(report, rule, direction)["metrics"] == pytest.approx(expected)
    texts = (sim * softmax(sim / 0.5, 0)).T
    found = reported(report, "dual-softmax-texts:tau=0.5", "v2t")["metrics"]
    assert found == pytest.approx(summary(vrbench.metrics.ranks(texts)))


def test_videos_that_ask_nothing_are_in_no_batch(captioned: tuple[Path, Array, Array]) -> None:
    path, sim, owner = captioned
    expected = vrbench.normalize(sim / 100, "dsl", text_video=owner)
    np.savez(path, t2v=sim / 100, text_video=owner)
    report = audit(path)
    for direction in ("t2v", "v2t"):
        ranks = vrbench.metrics.ranks(expected, owner, direction)
        found = reported(report, "dual-softmax", direction)["metrics"]
        assert found == pytest.approx(summary(ranks))


def test_the_spread_is_that_of_the_rules(tmp_path: Path) -> None:
    report = audit(save(tmp_path / "s.npz", t2v=tied_sim(3, 20, 20)))
    for spread, rows in (
        (report["spread"], [r for r in report["rules"] if r["changes"] in RANKING]),
        (report["spread_with_dual_softmax"], report["rules"]),
    ):
        values = [row["t2v"]["metrics"]["R@1"] for row in rows if row["t2v"]]
        assert spread["t2v"]["R@1"] == [min(values), max(values)]
    assert report["spread"]["t2v"]["R@1"][0] < report["spread"]["t2v"]["R@1"][1]


def test_several_right_videos_leave_out_what_is_not_defined(tmp_path: Path) -> None:
    positives = np.eye(5, dtype=bool)
    positives[0, 1] = True
    report = audit(save(tmp_path / "s.npz", t2v=tied_sim(0, 5, 5), positives=positives))
    assert reported(report, "sort-and-subtract", "t2v") is None
    assert reported(report, "padded", "v2t") is None
    assert reported(report, "recall-fraction", "t2v")["n"] == 5


def test_the_command_prints_what_the_report_has(tmp_path: Path) -> None:
    path = save(tmp_path / "s.npz", t2v=tied_sim(0, 20, 20))
    done = CliRunner().invoke(app, ["audit", str(path), "--json"])
    assert json.loads(done.stdout) == json.loads(json.dumps(audit(path)))
    shown = CliRunner().invoke(app, ["audit", str(path), "--rule", "padded:batch=7"]).stdout
    row = next(line for line in shown.splitlines() if "padded:batch=7" in line)
    assert " 21 " in row


def test_a_normalized_matrix_gets_no_second_normalization(tmp_path: Path) -> None:
    path = save(tmp_path / "s.npz", t2v=tied_sim(0, 6, 6), norm="ncl")
    assert reported(audit(path), "dual-softmax", "t2v") is None
    assert "already normalized by ncl" in CliRunner().invoke(app, ["audit", str(path)]).stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--rule", "padding"], "Unknown evaluation rule 'padding'. Did you mean 'padded'"),
        (["--rule", "padded:batch=0"], "batch must be at least 1"),
        (["--rule", "dual-softmax:tau=0"], "tau must be positive"),
        (["--rule", "reranked:k=0"], "k must be at least 1"),
        (["--rule", "frames-lse:scale=0"], "scale must be positive"),
        (["--rule", "padded:batch=2000000000"], "The matrix of padded:batch=2000000000, 2,000"),
        (["--rule", "padded:batch=99999999999999999999"], "are free: give the batch size"),
        (["--k", "0"], "k must be whole numbers"),
        (["--k", "1000000000000000000"], "k must be whole numbers from 1 to 999999999999999999"),
    ],
)
def test_what_cannot_be_audited_is_refused(words: list[str], says: str, tmp_path: Path) -> None:
    path = save(tmp_path / "s.npz", t2v=tied_sim(0, 6, 6))
    done = CliRunner().invoke(app, ["audit", str(path), *words])
    assert done.exit_code == 2
    assert says in done.stderr
    with pytest.raises(InputError, match="does not exist"):
        audit(tmp_path / "none.npz")


def test_real_embeddings_report_what_their_source_says(shared_data: Path, tmp_path: Path) -> None:
    with np.load(shared_data / "embeddings" / "clip_vitb32_memorylens290.npz") as file:
        text, image = file["text"].astype(float), file["image"].astype(float)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    image /= np.linalg.norm(image, axis=1, keepdims=True)
    report = audit(save(tmp_path / "m.npz", t2v=text @ image.T))
    optimistic = reported(report, "optimistic", "t2v")["metrics"]
    assert [round(optimistic[f"R@{k}"], 1) for k in KS] == [46.9, 79.7, 92.4]


def test_spread_of_ranking_leaves_out_what_changes_similarities(tmp_path: Path) -> None:
    report = audit(save(tmp_path / "s.npz", t2v=2 - np.eye(40)), ["reranked:k=4"])
    assert report["spread"]["t2v"]["R@1"][1] < report["spread_with_dual_softmax"]["t2v"]["R@1"][1]


def test_a_star_stands_only_where_another_number_is_printed(captioned: Any) -> None:
    path, _, _ = captioned
    report = audit(path)
    first = next(row for row in report["rules"] if row["t2v"])["t2v"]
    assert first is not None
    shown = CliRunner().invoke(app, ["audit", str(path)]).stdout
    table = shown.partition("Text to video")[2].partition("Video to text")[0]
    rows = {row["rule"]: reading["metrics"] for row in report["rules"] if (reading := row["t2v"])}
    starred = 0
    for line in table.splitlines():
        rule = next((name for name in rows if f" {name} " in line), None)
        if rule is None or " spread " in line:
            continue
        cells = line.partition(f" {rule} ")[2].split()[: len(rows[rule])]
        for name, cell in zip(rows[rule], cells, strict=True):
            text, before = (f"{of[name]:.1f}" for of in (rows[rule], first["metrics"]))
            assert cell == text + "*" * (text != before), (rule, name)
            starred += cell.endswith("*")
    assert starred


def test_what_rounds_to_the_first_rows_number_has_no_star() -> None:
    first, other = {"R@1": 25.21, "MdR": 3.0}, {"R@1": 25.24, "MdR": 4.0}
    assert printing._cells(other, first, ["R@1", "MdR", "MnR"]) == ["25.2 ", "4.0*", ""]
