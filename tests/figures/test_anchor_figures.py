"""Figures of anchors: assignments, categories of one and two anchors, top categories."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cli_runs import refused, run
from figure_cases import labelled_file
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.evaluation.case import Case
from vrbench.evaluation.evaluation import Evaluation
from vrbench.figures import figures
from vrbench.figures.anchor_categories import AnchorCategories
from vrbench.figures.anchoring import AnchorFigure, Side, largest
from vrbench.figures.plot import plot
from vrbench.importing.to_features import import_arrays

Array = NDArray[Any]

SMALL = "anchors=6,k=2"
NAMES = ("anchors", "anchor-categories", "anchor-top")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Evaluation.open(labelled_file(tmp_path)).case("global", "none")


def slow_multi_sk(sim: Array, k: int, eps: float, iterations: int) -> Array:
    """The pseudo-code, all channels and loops over entries."""
    n, anchors = sim.shape
    q = np.array(
        [
            [[math.exp((1 if c < k else 0.25) * float(s) / eps) for s in row] for row in sim]
            for c in range(anchors)
        ]
    )
    q /= q.sum()
    for _ in range(iterations):
        for c in range(anchors):
            for i in range(n):
                q[c, i] /= sum(q[c, i])
        for c in range(anchors):
            for a in range(anchors):
                q[c, :, a] *= (n / anchors) / sum(q[c, :, a])
        for i in range(n):
            for a in range(anchors):
                q[:, i, a] /= sum(q[:, i, a])
    for c in range(anchors):
        for i in range(n):
            q[c, i] /= sum(q[c, i])
    return np.asarray(q[:k].sum(axis=0))


def test_weights_are_those_of_the_pseudo_code_on_cosines_to_the_clusters_centres(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = figures.parse(f"anchors:{SMALL}")
    assert isinstance(figure, AnchorFigure)
    labels = np.arange(38) % 6
    monkeypatch.setattr("vrbench.figures.anchoring.cluster", lambda *_: labels)
    found = figure.anchored(case, ("video", "text"))
    features = case.source.features
    assert features is not None
    tokens = [np.asarray(side.tokens, dtype=float) for side in (features.video, features.text)]
    unit = [[row / math.sqrt(sum(row**2)) for row in side] for side in tokens]
    owner = features.text_video
    sums = [sum(unit[1][t] for t in np.flatnonzero(owner == v)) for v in range(40)]
    sides: dict[Side, Any] = {
        "video": unit[0],
        "text": [s / math.sqrt(float(sum(s**2))) for s in sums],
    }
    kept = [i for i in range(40) if i not in (5, 9)]
    for side, rows in sides.items():
        rows = [rows[i] for i in kept]
        groups = [[rows[i] for i in range(38) if labels[i] == c] for c in range(6)]
        centres = [np.mean(group, axis=0) for group in groups]
        centres = [c / math.sqrt(float(sum(c**2))) for c in centres]
        sim = np.array([[float(row @ c) for c in centres] for row in rows])
        slow = slow_multi_sk(sim, 2, 0.07, 10)
        np.testing.assert_allclose(found.weights[side], slow, atol=1e-9)
        for row, chosen in zip(slow, found.assigned[side], strict=True):
            assert set(np.flatnonzero(chosen)) == set(sorted(range(6), key=lambda a: -row[a])[:2])
    assert found.ids.tolist() == [f"v{i}" for i in kept]


def test_of_equal_weights_the_first_are_assigned() -> None:
    weights = np.array([[0.5, 0.5, 0.5, 0.2], [0.1, 0.3, 0.2, 0.3]])
    assert largest(weights, 2).tolist() == [[True, True, False, False], [False, True, False, True]]


def test_the_videos_shown_are_of_two_categories_or_those_named(case: Case) -> None:
    data = figures.parse(f"anchors:{SMALL}").data(case)
    assert data["side"].unique().tolist() == ["video", "text"]
    shown = data.drop_duplicates("video")
    assert shown["category"].tolist()[0] == shown["category"].tolist()[1]
    assert shown["category"].nunique() == 2
    for (_, _), rows in data.groupby(["side", "video"]):
        assert rows["assigned"].sum() == 2
    named = figures.parse(f"anchors:{SMALL},videos=v7+v30").data(case)
    assert named["video"].unique().tolist() == ["v7", "v30"]
    for side in ("video", "text"):
        one, other = (
            named[(named["side"] == side) & (named["video"] == v)].reset_index()
            for v in ("v7", "v30")
        )
        assert not one["differs"].any()
        assert (other["differs"] == (one["assigned"] != other["assigned"])).all()
    with pytest.raises(InputError, match=r"No video with a category is called 'v77'"):
        figures.parse(f"anchors:{SMALL},videos=v7+v77").data(case)


def test_categories_are_counted_for_all_videos_one_anchor_and_a_pair(case: Case) -> None:
    figure = figures.parse(f"anchor-categories:{SMALL},least=3")
    assert isinstance(figure, AnchorCategories)
    found = figure.anchored(case)
    data = figure.data(case)
    chosen, kinds = found.assigned["video"], list(found.categories)

    def top(held: list[bool]) -> float:
        own = [kind for kind, one in zip(kinds, held, strict=True) if one]
        return max(own.count(kind) for kind in set(own)) / len(own)

    pairs = {
        pair: [bool(row[pair[0]] and row[pair[1]]) for row in chosen]
        for pair in combinations(range(6), 2)
    }
    known = {pair: top(held) for pair, held in pairs.items() if sum(held) >= 3}
    best = max(known, key=lambda pair: known[pair])
    single = {anchor: top([bool(row[anchor]) for row in chosen]) for anchor in best}
    one = max(best, key=lambda anchor: single[anchor])
    other = best[1] if one == best[0] else best[0]
    assert data["anchors"].unique().tolist()[1:] == [f"{one}", f"{one}+{other}"]
    for of, held in (
        ("all videos", [True] * len(kinds)),
        ("one anchor", [bool(row[one]) for row in chosen]),
        ("two anchors", pairs[best]),
    ):
        rows = data[data["of"] == of]
        own = [kind for kind, is_in in zip(kinds, held, strict=True) if is_in]
        assert set(rows["videos"]) == {len(own)}
        for kind, percent in zip(rows["category"], rows["percent"], strict=True):
            assert percent == pytest.approx(100 * own.count(kind) / len(own), abs=1e-9)
        assert rows["percent"].sum() == pytest.approx(100)
    given = figures.parse(f"anchor-categories:{SMALL},first=4,second=1,least=1").data(case)
    assert given["anchors"].unique().tolist()[1:] in (["4", "4+1"],)


def test_top_categories_are_ranked_by_share_or_lift(case: Case) -> None:
    for by in ("share", "lift"):
        figure = figures.parse(f"anchor-top:{SMALL},top=2,by={by}")
        assert isinstance(figure, AnchorFigure)
        found, data = figure.anchored(case), figure.data(case)
        kinds = list(found.categories)
        for anchor, rows in data.groupby("anchor"):
            own = [k for k, row in zip(kinds, found.assigned["video"], strict=True) if row[anchor]]
            share = {kind: own.count(kind) / len(own) for kind in sorted(set(kinds))}
            lift = {kind: share[kind] / (kinds.count(kind) / len(kinds)) for kind in share}
            value = share if by == "share" else lift
            assert rows["category"].tolist() == sorted(share, key=lambda kind: -value[kind])
            assert rows["top"].tolist() == [True, True, False, False]
            assert rows["percent"].tolist() == pytest.approx(
                [100 * share[kind] for kind in rows["category"]], abs=1e-9
            )
            assert rows["lift"].tolist() == pytest.approx(
                [lift[kind] for kind in rows["category"]], abs=1e-9
            )


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_of_anchors_writes_its_numbers_and_pictures(
    name: str, case: Case, tmp_path: Path
) -> None:
    more = ",least=3" if name == "anchor-categories" else ""
    data, files = plot(figures.parse(f"{name}:{SMALL}{more}"), case, "figure", tmp_path)
    assert [file.name for file in files] == ["figure.csv", "figure.png", "figure.svg"]
    assert list(pd.read_csv(files[0]).columns) == list(data.columns)
    assert len(data) > 0


def test_without_texts_of_every_video_there_are_video_anchors_only(tmp_path: Path) -> None:
    case = Evaluation.open(labelled_file(tmp_path, texts=False)).case("global", "none")
    data, _ = plot(figures.parse(f"anchors:{SMALL}"), case, "figure", tmp_path)
    assert data["side"].unique().tolist() == ["video"]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("anchors:anchors=1", "anchors must be at least 2 and k between 1"),
        ("anchors:anchors=6,k=6", "k between 1 and anchors - 1"),
        ("anchors:eps=0", "eps must be positive"),
        ("anchor-categories:second=3", "second without first"),
        ("anchor-categories:first=3,second=3", "different anchors"),
        ("anchor-categories:anchors=6,k=2,first=9", "There are the anchors 0 to 5, not 9"),
        ("anchor-categories:anchors=6,k=2,least=99", "No pair of anchors has 99 videos"),
        ("anchor-top:top=0", "top must be at least 1"),
        ("anchor-top:anchors=39,k=3", "38 videos with a category, fewer than 39 anchors"),
        ("anchor-topp", "Did you mean 'anchor-top'"),
    ],
)
def test_what_cannot_be_is_one_sentence(spec: str, says: str, tmp_path: Path) -> None:
    refused("plot", spec, labelled_file(tmp_path), "--out", tmp_path / "o", "-q", says=says)


def test_without_categories_the_figure_says_what_it_needs(tmp_path: Path) -> None:
    x = np.eye(3)
    np.savez(tmp_path / "p.npz", allow_pickle=False, video=x, text=x)
    path = import_arrays(tmp_path / "p.npz", tmp_path / "p.h5")
    for name in NAMES:
        refused("plot", name, path, "-q", "--out", tmp_path, says=f"no /video/label: {name} needs")
    np.savez(tmp_path / "s.npz", t2v=np.eye(3))
    words = "--from-sim", tmp_path / "s.npz", "-q", "--out", tmp_path
    refused("plot", "anchors", *words, says="anchors needs a feature file whose videos have")
    assert run("list", "figures").out.count("Preserving Modality Structure") >= 3
