"""Every figure: its numbers against counts made another way, and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import oracle_metrics as slow
import pandas as pd
import pytest

import vrbench
from vrbench import InputError, labels
from vrbench.alignments import parse_method
from vrbench.alignments.driver import global_vectors
from vrbench.bundled import bundled_features
from vrbench.evaluation import Run
from vrbench.figures import figures
from vrbench.figures.base import Case
from vrbench.grid import Settings, plan
from vrbench.normalizations import normalizations
from vrbench.normalizing import BankSim
from vrbench.opening import open_source
from vrbench.plots import plot
from vrbench.sim import Sim
from vrbench.sim_source import SimSource
from vrbench.simfile import load_sim
from vrbench.sources import Compute, FeatureSource


def case(bank: str = "train", norm: str = "ncl", limit: int = 40) -> Case:
    settings = Settings(limit=limit)
    kind, source = open_source(bundled_features(), None, bank, Compute(), settings)
    chosen = normalizations.parse(norm)
    return Case(source, parse_method("global"), chosen, str(kind), settings)


@pytest.fixture(scope="module")
def small() -> Case:
    return case()


def sims(small: Case) -> tuple[Any, Any]:
    return small.sim.flat(), small.normalized


@pytest.mark.parametrize("name", sorted(figures.classes()))
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
    assert isinstance(small.source, FeatureSource)
    features = small.source.features
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
    features = case(limit=476)
    (job,) = plan(features.source, Settings(), ["global"], ["ncl"], None)
    list(Run(features.source).run([job], tmp_path / "sims.npz"))
    given = Case(SimSource(load_sim(tmp_path / "sims.npz")), None, features.norm, "train")
    spec = {"seen": "seen:orders=1,marks=2", "queue-size": "queue-size:least=500,draws=2"}
    for name in figures.classes():
        figure = figures.parse(spec.get(name, name))
        ours, theirs = figure.data(given), figure.data(features)
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-6, atol=1e-9)


def test_repeated_bank_queries_are_counted_once(small: Case) -> None:
    sim, source = small.bank.sim, small.source
    assert sim is not None
    assert isinstance(source, FeatureSource)
    assert source.features.bank_text is not None
    texts = source.features.bank_text.captions
    assert texts is not None
    captions = set(map(str, texts))
    twice = BankSim("file", Sim(np.concatenate([sim.t2v, sim.t2v[:5]]), sim.v2t))
    assert small.bank.distinct == twice.distinct == (len(captions), 1000)
    assert len(captions) < 2000  # MSR-VTT repeats some
    result = {"bank": {"kind": "file", "n_text": 2005, "n_video": 1000}, "norm": "ncl"}
    labelled = labels.bank({**result, "bank_distinct": {"n_text": 1965, "n_video": 1000}})
    assert labelled == "file 2005 (1965 distinct) x 1000"


def test_a_queue_needs_a_bank_apart_from_the_test_set() -> None:
    with pytest.raises(InputError, match="bank apart from the test set"):
        figures.parse("queue-size").data(case(bank="test"))
