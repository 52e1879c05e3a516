"""show, plot and tune with --sequence: the same paragraphs and long videos that eval ranks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from long_videos import Array, arrays, expected, sim_arrays, write

from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.sources.sequences import SequenceFeatures
from vrbench.evaluation.tuning import choose
from vrbench.sequences.engine.grouping import group_tokens

MAX = ("--method", "max-avg")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = arrays()
    places = zip(made["text_sequence"], made["text_position"], strict=True)
    made["captions"] = np.array([f"{name}:{place}" for name, place in places])
    return write(tmp_path, made)


def listed(*words: str | Path) -> Any:
    done = run(*words, "-q", "--json")
    assert done.code == 0, done
    return json.loads(done.out)


@pytest.mark.parametrize("spec", ["dtw", "otam", "transport", "vote"])
def test_show_lists_the_scores_of_long_videos(tmp_path: Path, path: Path, spec: str) -> None:
    (result,) = listed("eval", path, *MAX, "--sequence", spec, "--out", tmp_path / "r")
    with np.load(tmp_path / "r" / result["ranks"]) as ranks:
        texts, videos = ranks["text_ids"].tolist(), ranks["video_ids"].tolist()
        rank = dict(zip(texts, ranks["t2v"], strict=True))
    scores = expected(path, spec)
    for name in ("long1", "long4"):
        (query,) = listed("show", name, "--features", path, *MAX, "--sequence", spec, "--k", "5")
        raw, ncl = query["systems"]
        assert (raw["how"], ncl["how"]) == (f"max-avg, {spec}", f"max-avg, {spec}, ncl, bank train")
        assert raw["rank"] == rank[name]
        found = {one["item"]: one["score"] for one in raw["candidates"]}
        row = scores[texts.index(name)]
        assert found == {v: pytest.approx(row[videos.index(v)], abs=1e-5) for v in videos}
        # retrieval probabilities at a temperature of cosines mean nothing here
        assert {one["sum"] for system in (raw, ncl) for one in system["candidates"]} == {None}


def test_show_says_the_captions_of_a_paragraph_in_order(tmp_path: Path, path: Path) -> None:
    (query,) = listed("show", "long3", "--features", path, *MAX, "--sequence", "dtw", "--k", "1")
    assert query["caption"] == "long3:0 long3:1"
    made = sim_arrays() | {"captions": np.array([f"c{i}" for i in range(14)])}
    np.savez(tmp_path / "s.npz", allow_pickle=False, **made)
    (query,) = listed("show", "long1", "--from-sim", tmp_path / "s.npz", "--sequence", "dtw")
    assert query["caption"] == "c3 c4"


def test_show_tells_buckets_of_the_test_set_from_those_of_the_bank(path: Path) -> None:
    spec = "transport:bucket=0.3"
    words = ("show", "long0", "--features", path, *MAX, "--sequence", spec)
    (query,) = listed(*words, "--norm", "ncl", "--norm", "dsl")
    seen = f"max-avg, {spec} (transductive)"
    assert [system["how"] for system in query["systems"]] == [
        f"max-avg, {spec}",
        f"max-avg, {spec}, ncl, bank train",
        seen,
        f"{seen}, dsl, bank test (transductive)",
    ]
    raw, _, own, _ = query["systems"]
    assert raw["candidates"][0]["score"] != own["candidates"][0]["score"]


def test_a_figure_is_of_the_sequences(tmp_path: Path, path: Path) -> None:
    import pandas as pd

    written = set()
    for spec in ("dtw", "cap-avg"):
        words = (path, *MAX, "--sequence", spec, "--norm", "ncl", "--out", tmp_path)
        (result,) = listed("eval", *words)
        done = run("plot", "recalls", *words, "-q")
        assert done.code == 0, done
        written.add(done.out)
        data = pd.read_csv(Path(done.out.split()[0]))
        for direction in ("t2v", "v2t"):
            first = data[(data["direction"] == direction) & (data["K"] == 1)]
            found = dict(zip(first["stage"], first["R@K"], strict=True))
            assert found["normalized"] == pytest.approx(result["metrics"][direction]["R@1"])
            assert found["raw"] == pytest.approx(result["raw"]["metrics"][direction]["R@1"])
    assert len(written) == 2


def test_the_same_numbers_make_the_same_pictures(tmp_path: Path, path: Path) -> None:
    words = ("plot", "recalls", path, *MAX, "--sequence", "dtw", "-q", "--out")
    made = [run(*words, tmp_path / folder).out.split() for folder in ("a", "b")]
    assert len(made[0]) == 3
    for one, two in zip(*made, strict=True):
        assert Path(one).read_bytes() == Path(two).read_bytes()


@pytest.mark.parametrize(
    "name", ["hubs", "queue-size", "ranks", "recalls", "representation", "seen", "similarities"]
)
def test_figures_of_a_matrix_take_a_sequence(tmp_path: Path, path: Path, name: str) -> None:
    words = (path, *MAX, "--sequence", "dtw", "--out", tmp_path, "-q")
    assert run("plot", name, *words).code == 0


@pytest.mark.parametrize(
    "name",
    [
        *("links", "modalities", "normalization-error", "probability-sums", "realignment"),
        *("sequence-noise", "space"),
    ],
)
def test_figures_of_items_and_cosines_refuse_a_sequence(
    tmp_path: Path, path: Path, name: str
) -> None:
    words = (path, *MAX, "--sequence", "dtw", "--out", tmp_path / "p", "-q")
    refused("plot", name, *words, says=f"{name} reads captions and clips.*leave --sequence out")
    assert not (tmp_path / "p").exists()


def test_tune_splits_the_bank_by_whole_long_videos(path: Path) -> None:
    source = Evaluation.open(path, sequence="dtw").source
    assert isinstance(source, SequenceFeatures)
    for seed in range(5):
        held = source.held_out(0.5, seed)
        assert isinstance(held, SequenceFeatures)
        assert held.along is source.along
        bank = held.features.bank_video
        assert bank is not None
        own, others = held.videos, group_tokens(bank)
        lengths = dict(zip([*own.ids, *others.ids], [*own.lengths, *others.lengths], strict=True))
        assert lengths == {"bank_long0": 2, "bank_long1": 3, "bank_long2": 2}
        assert len(own) == 2


def test_tune_chooses_and_evaluates_with_the_sequence(tmp_path: Path, path: Path) -> None:
    words = (path, *MAX, "--sequence", "dtw", "--out", tmp_path)
    (result,) = listed("tune", *words, "--norm", "ncl", "--try", "gamma=0.1,1")
    assert result["sequence"] == "dtw"
    assert len(result["tuning"]["curve"]) == 2
    assert sum(result["tuning"]["validation"]) == 4
    (same,) = listed("eval", *words, "--norm", result["tuning"]["chosen"])
    assert same["metrics"] == result["metrics"]


def in_order(made: dict[str, Array]) -> dict[str, Array]:
    """Put the items of every side into the order of their sequences; captions stay with clips."""
    sorted_: dict[str, Array] = {}
    for prefix in ("", "bank_"):
        for side in ("text", "video"):
            keys = [f"{prefix}{side}{what}" for what in ("_position", "_sequence", "")]
            order = np.lexsort([made[key] for key in keys[:2]])
            sorted_ |= {key: made[key][order] for key in keys}
        sorted_[f"{prefix}text_video"] = np.arange(len(sorted_[f"{prefix}text"]))
    return sorted_


def test_a_similarity_file_of_sequences_is_tuned_as_the_features_are(tmp_path: Path) -> None:
    made = in_order(arrays())
    features = write(tmp_path, made)
    unit = {
        key: made[key] / np.linalg.norm(made[key], axis=1, keepdims=True)
        for key in ("text", "video", "bank_text", "bank_video")
    }
    sims = {
        "t2v": unit["text"] @ unit["video"].T,
        "bank_t2v": unit["bank_text"] @ unit["video"].T,
        "bank_v2t": unit["text"] @ unit["bank_video"].T,
        "bank_bank_t2v": unit["bank_text"] @ unit["bank_video"].T,
        "bank_text_video": made["bank_text_video"],
    }
    names = {key: value for key, value in made.items() if key.endswith("_sequence")}
    np.savez(tmp_path / "s.npz", allow_pickle=False, **sims, **names)
    for sequence in ("dtw", "transport"):
        found = []
        for given in (features, tmp_path / "s.npz"):
            opened = Evaluation.open(given, sequence=sequence)
            found.append(choose(opened, "global", "ncl", {"gamma": ["0.02", "0.5"]}, seed=1))
        assert found[0] == found[1]
    np.savez(tmp_path / "s.npz", allow_pickle=False, **sims)
    refused(
        *("tune", "--from-sim", tmp_path / "s.npz", "--sequence", "dtw", "-q"),
        says="has no text_sequence",
    )


def test_what_has_no_sequences_is_refused(tmp_path: Path) -> None:
    made = {key: value for key, value in arrays().items() if "sequence" not in key}
    path = write(tmp_path, made)
    for words in (
        ("show", "text0", "--features", path),
        ("plot", "recalls", path),
        ("tune", path),
    ):
        refused(*words, *MAX, "--sequence", "dtw", "-q", says="no column sequence")
        refused(*words, *MAX, "--sequence", "dwt", "-q", says="Did you mean 'dtw'")


def test_saved_similarities_of_clips_name_their_sequences(tmp_path: Path) -> None:
    path, sims = write(tmp_path, in_order(arrays()), "o"), tmp_path / "s.npz"
    listed("eval", path, *MAX, "--norm", "ncl", "--out", tmp_path / "r", "--save-sim", sims)
    how = ("--sequence", "otam", "--norm", "none", "--norm", "ncl", "--out", tmp_path / "r")
    direct, saved = listed("eval", path, *MAX, *how), listed("eval", "--from-sim", sims, *how)
    for one, other in zip(direct, saved, strict=True):
        assert one["metrics"] == other["metrics"]


def test_clips_that_lie_out_of_order_are_not_called_sequences(tmp_path: Path) -> None:
    path, sims = write(tmp_path, arrays()), tmp_path / "s.npz"
    listed("eval", path, *MAX, "--out", tmp_path / "r", "--save-sim", sims)
    with np.load(sims) as file:
        assert not any(key.endswith("_sequence") for key in file.files)


def test_a_limit_counts_the_long_videos_of_a_similarity_file(tmp_path: Path) -> None:
    made = sim_arrays()
    names = list(dict.fromkeys(made["video_sequence"].tolist()))[:2]
    columns = np.isin(made["video_sequence"], names)
    owner = np.arange(len(columns))  # the right clip of each caption
    rows = columns[owner]
    places = np.cumsum(columns) - 1
    cut: dict[str, Any] = {
        **{key: made[key][rows][:, columns] for key in ("t2v", "v2t") if key in made},
        "text_video": places[owner[rows]],
        "text_sequence": made["text_sequence"][rows],
        "video_sequence": made["video_sequence"][columns],
    }
    np.savez(tmp_path / "whole.npz", allow_pickle=False, **made)
    np.savez(tmp_path / "cut.npz", allow_pickle=False, **cut)
    words = ("eval", "--sequence", "dtw", "--out", tmp_path, "--from-sim")
    (limited,) = listed(*words, tmp_path / "whole.npz", "--limit", "2")
    (expected,) = listed(*words, tmp_path / "cut.npz")
    assert limited["n_video"] == expected["n_video"] == 2
    assert limited["metrics"] == expected["metrics"]
