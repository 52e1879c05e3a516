"""Every figure: its numbers against counts made another way, and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import oracle_metrics as slow
import pandas as pd
import pytest
from figure_cases import OF_PAIRS
from figure_cases import bundled as case
from sample_results import sample_result

import vrbench
from vrbench import InputError
from vrbench.alignments.engine.driver import global_vectors
from vrbench.bundled import bundled_features
from vrbench.evaluation.case import Case
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.figures import figures
from vrbench.figures.plot import plot
from vrbench.normalizations.bank import BankSim
from vrbench.results import labels
from vrbench.sims.sim import Sim


@pytest.fixture(scope="module")
def small() -> Case:
    return case()


def sims(small: Case) -> tuple[Any, Any]:
    return small.sim.flat(), small.normalized


@pytest.mark.parametrize("name", OF_PAIRS)
def test_every_figure_writes_its_numbers_and_pictures(name: str, tmp_path: Path) -> None:
    spec = {"seen": "seen:orders=1,marks=2", "queue-size": "queue-size:least=500,draws=2"}
    data, files = plot(figures.parse(spec.get(name, name)), case(limit=20), "figure", tmp_path)
    assert [file.name for file in files] == ["figure.csv", "figure.png", "figure.svg"]
    assert all(file.stat().st_size > 0 for file in files)
    written = pd.read_csv(files[0])
    assert list(written.columns) == list(data.columns)
    assert len(written) == len(data) > 0


def test_normalization_errors_equal_the_loops_and_the_oracle_is_perfect(small: Case) -> None:
    data = figures.parse("normalization-error").data(small)
    raw, done = sims(small)
    owner = small.source.truth.video
    for stage, sim in (("raw", raw), ("normalized", done)):
        found = data[(data["stage"] == stage) & (data["direction"] == "t2v")]["error"].item()
        expected = slow.normalization_error_t2v(sim.t2v.astype(float), owner, 0.01)
        assert found == pytest.approx(expected, abs=1e-9)
    assert data[data["stage"] == "oracle"]["error"].max() < 0.02
    assert data[data["stage"] == "random"]["error"].min() > 0.1


def test_false_rates_are_counts_of_wrong_first_places(small: Case) -> None:
    data = figures.parse("probability-sums").data(small)
    raw, _ = sims(small)
    rows = data[(data["stage"] == "raw") & (data["direction"] == "t2v")]
    first = raw.t2v.argmax(axis=1)
    owner = small.source.truth.video
    for video, (_, row) in enumerate(rows.iterrows()):
        missed = [first[q] != video for q in range(len(first)) if owner[q] == video]
        wrong = sum(1 for q in range(len(first)) if first[q] == video != owner[q])
        assert row["false_negative"] == pytest.approx(np.mean(missed))
        assert row["false_positive"] == pytest.approx(wrong / (len(first) - len(missed)))


def test_hubs_are_the_items_with_the_most_near_queries(small: Case) -> None:
    data = figures.parse("hubs:top=3").data(small)
    raw, _ = sims(small)
    near = np.argsort(-raw.t2v, axis=1)[:, :10]
    counts = np.bincount(near.ravel(), minlength=raw.t2v.shape[1])
    rows = data[(data["stage"] == "raw") & (data["direction"] == "t2v")]
    assert rows["among the 10 nearest"].tolist() == sorted(counts, reverse=True)[:3]
    top = str(rows["item"].iloc[0])
    assert counts[list(small.source.video_ids).index(top)] == counts.max()
    assert all(rows["caption"].str.len() > 0)


def test_the_whole_queue_gives_the_result_of_the_whole_bank() -> None:
    whole = case(limit=476)
    data = figures.parse("queue-size:least=1000,draws=1").data(whole)
    (result,) = vrbench.evaluate(bundled_features(), "global", "ncl", "train")
    for direction, n in (("t2v", 2000), ("v2t", 1000)):
        rows = data[(data["set"] == "test") & (data["direction"] == direction)]
        last = rows[rows["bank"] == n]["R@1"].item()
        assert last == pytest.approx(result["metrics"][direction]["R@1"])
    assert set(data["set"]) == {"test", "validation"}
    assert (data.groupby(["set", "direction"])["chosen"].sum() == 1).all()


def test_the_parts_of_the_decomposition_add_up(small: Case) -> None:
    table = figures.parse("modalities").data(small).set_index("quantity")
    data = table["mean"]
    cross = data["text-video"]
    assert data["<mu_t, mu_v>"] == pytest.approx(cross)
    for name in ("<mu_v, t'> (bias of a text)", "<mu_t, v'> (bias of a video)", "<t', v'>"):
        assert data[name] == pytest.approx(0, abs=1e-12)
    assert data["text-video, right pairs"] > cross
    features = small.source.features
    assert features is not None
    text, video = global_vectors(features.text), global_vectors(features.video)
    mean_t, mean_v = text.mean(axis=0), video.mean(axis=0)
    for name, values in {
        "<mu_v, t'> (bias of a text)": (text - mean_t) @ mean_v,
        "<mu_t, v'> (bias of a video)": (video - mean_v) @ mean_t,
        "<t', v'>": (text - mean_t) @ (video - mean_v).T,
    }.items():
        assert table["std"][name] == pytest.approx(values.std())
    pairs = [float(a @ b) for i, a in enumerate(text) for b in text[:i]]
    assert data["text-text"] == pytest.approx(np.mean(pairs))


def test_a_similarity_file_alone_gives_every_figure(tmp_path: Path) -> None:
    features = case(limit=60)
    opened = Evaluation(features.source)
    list(opened.run([features.job], Output(sims=tmp_path / "sims.npz")))
    given = Evaluation.open(tmp_path / "sims.npz").case("global", "ncl")
    spec = {"seen": "seen:orders=1,marks=2", "queue-size": "queue-size:least=500,draws=2"}
    for name in figures.classes():
        figure = figures.parse(spec.get(name, name))
        if figure.needs:
            with pytest.raises(InputError, match="needs a feature file"):
                figure.data(given)
            continue
        ours, theirs = figure.data(given), figure.data(features)
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-6, atol=1e-9)


def test_repeated_bank_queries_are_counted_once(small: Case) -> None:
    sim, source = small.bank.sim, small.source
    assert sim is not None
    assert source.features is not None
    assert source.features.bank_text is not None
    texts = source.features.bank_text.captions
    assert texts is not None
    captions = set(map(str, texts))
    twice = BankSim("file", Sim(np.concatenate([sim.t2v, sim.t2v[:5]]), sim.v2t))
    assert small.bank.distinct == twice.distinct == (len(captions), 1000)
    assert len(captions) < 2000  # MSR-VTT repeats some
    bank, distinct = {"kind": "file", "n_text": 2005}, {"n_text": 1965}
    sizes = {"bank": bank | {"n_video": 1000}, "bank_distinct": distinct | {"n_video": 1000}}
    assert labels.bank(sample_result(norm="ncl", **sizes)) == "file 2005 (1965 distinct) x 1000"


def test_a_queue_needs_a_bank_apart_from_the_test_set() -> None:
    with pytest.raises(InputError, match="bank apart from the test set"):
        figures.parse("queue-size").data(case(bank="test"))


def test_similarities_are_counted_once(small: Case) -> None:
    data = figures.parse("similarities:bins=7").data(small)
    raw, _ = sims(small)
    rows = data[(data["stage"] == "raw") & (data["direction"] == "t2v")]
    truth = small.source.truth
    right = rows[rows["pairs"] == "right"]
    own = raw.t2v[truth.text, truth.video]
    for _, row in right.iterrows():
        last = row["to"] == right["to"].max()
        inside = (own >= row["from"]) & ((own < row["to"]) | (last & (own == row["to"])))
        assert row["count"] == inside.sum()
    assert right["count"].sum() == len(own)
    assert rows["count"].sum() == raw.t2v.size
    assert rows.groupby("pairs")["percent"].sum().tolist() == pytest.approx([100, 100])


def test_recalls_and_ranks_are_those_of_the_results(small: Case) -> None:
    (result,) = vrbench.evaluate(bundled_features(), "global", "ncl", "train", limit=40)
    recalls, ranks = (figures.parse(name).data(small) for name in ("recalls", "ranks"))
    for direction in ("t2v", "v2t"):
        rows = recalls[(recalls["stage"] == "normalized") & (recalls["direction"] == direction)]
        for k in (1, 5, 10):
            expected = result["metrics"][direction][f"R@{k}"]
            assert rows[rows["K"] == k]["R@K"].item() == pytest.approx(expected)
        assert rows["R@K"].is_monotonic_increasing
        assert rows["R@K"].iloc[-1] == 100
        rows = ranks[(ranks["stage"] == "normalized") & (ranks["direction"] == direction)]
        assert rows["queries"].sum() == 40
        assert rows["percent"].iloc[0] == pytest.approx(result["metrics"][direction]["R@1"])


def test_space_keeps_the_most_variance_that_a_plane_can(small: Case) -> None:
    data = figures.parse("space:pairs=3").data(small)
    features = vrbench.open(bundled_features()).limited(np.arange(40))
    both = np.concatenate([global_vectors(features.text), global_vectors(features.video)])
    values = np.linalg.eigvalsh(np.cov(both.T))[::-1]
    rows = data[~data["centered"]]
    assert rows["x"].var() == pytest.approx(values[0])
    assert rows["y"].var() == pytest.approx(values[1])
    assert rows["x_share"].iloc[0] == pytest.approx(values[0] / values.sum())
    assert (rows["joined"] >= 0).sum() == 3
    centered = data[data["centered"]].groupby("side")[["x", "y"]].mean()
    assert np.abs(centered.to_numpy()).max() < 1e-9


def test_links_add_up_to_the_similarity_of_the_pair(small: Case) -> None:
    name = str(small.source.text_ids[7])
    data = figures.parse(f"links:text={name},lam=5").data(small)
    features = vrbench.open(bundled_features()).limited(np.arange(40))
    sim = vrbench.score(features.text, features.video, "tokenflow:lam=5", precision="double")
    expected = sim.t2v[7, small.source.truth.video[7]]
    assert data["contribution"].sum() == pytest.approx(expected, rel=1e-9)
    assert data["plan"].to_numpy() * data["similarity"].to_numpy() == pytest.approx(
        data["contribution"].to_numpy()
    )
    with pytest.raises(InputError, match="No text is called 'video1'"):
        figures.parse("links:text=video1").data(small)
