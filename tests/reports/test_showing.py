"""What a query retrieves: against a sort of its row; the command, and the page of pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from oracles import softmax
from small_features import COUNTS, write_features
from typer.testing import CliRunner

import vrbench
from vrbench import InputError
from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.sources.base import Source
from vrbench.reports import query as showing
from vrbench.sims.sim import Direction

OWNER = np.repeat(np.arange(len(COUNTS)), COUNTS)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    path = write_features(tmp_path_factory.mktemp("f") / "f.h5")
    return Evaluation.open(path).source


def systems(source: Source, direction: Direction = "t2v") -> list[showing.System]:
    opened = Evaluation(source, bank="test")
    jobs = opened.jobs(["global", "max-avg"], ["ncl", "dsl"])
    return showing.systems([opened.case_of(job) for job in jobs], direction)


def test_every_method_is_shown_raw_and_under_each_norm(source: Source) -> None:
    assert [system.how for system in systems(source)] == [
        "global",
        "global, ncl, bank test (transductive)",
        "global, dsl, bank test (transductive)",
        "max-avg",
        "max-avg, ncl, bank test (transductive)",
        "max-avg, dsl, bank test (transductive)",
    ]


@pytest.mark.parametrize("direction", ["t2v", "v2t"])
def test_candidates_are_the_start_of_a_sort_and_the_right_one(
    source: Source, direction: Direction
) -> None:
    found = systems(source, direction)
    for query in (0, 3):
        for system, listing in zip(found, showing.listings(found, query, 3), strict=True):
            row = system.row(query)
            order = [i for _, i in sorted((-value, i) for i, value in enumerate(row))]
            ids = source.video_ids if direction == "t2v" else source.text_ids
            assert [c.item for c in listing.candidates[:3]] == [ids[i] for i in order[:3]]
            right = [c for c in listing.candidates if c.right]
            assert right
            first = min(right, key=lambda c: c.place)
            assert order[first.place - 1] == list(ids).index(first.item)
            assert listing.rank <= first.place
            ranks = vrbench.metrics.ranks(system.sim, OWNER, direction)
            assert listing.rank == ranks[query]


def test_sums_are_those_of_all_queries(source: Source) -> None:
    raw, ncl, dsl = systems(source)[:3]
    matrix = raw.sim.t2v.astype(float)
    share = [softmax(matrix[i] / 0.01) for i in range(len(matrix))]
    for candidate in showing.listings([raw], 0, 8)[0].candidates:
        column = list(source.video_ids).index(candidate.item)
        if not COUNTS[column]:
            assert candidate.sum is None
            continue
        expected = sum(p[column] for p in share) / COUNTS[column]
        assert candidate.sum == pytest.approx(expected, rel=1e-6)
    assert ncl.gamma == 0.01
    assert {c.sum for c in showing.listings([dsl], 0)[0].candidates} == {None}


def test_picked_queries_rose_and_fell_most(source: Source) -> None:
    before, after = systems(source)[:2]
    found = showing.picked(before, after, 3)
    ratio = before.ranks / after.ranks
    assert [ratio[i] for i in found["rescued"]] == sorted(ratio[ratio > 1], reverse=True)[:3]
    assert [ratio[i] for i in found["demoted"]] == sorted(ratio[ratio < 1])[:3]
    assert showing.picked(before, before, 3) == {"rescued": [], "demoted": []}


def test_queries_are_found_by_id(source: Source) -> None:
    assert showing.find_query(source, "text3", None) == ("t2v", 3)
    assert showing.find_query(source, "video3", None) == ("v2t", 3)
    with pytest.raises(InputError, match="Video 'video2' has no text"):
        showing.find_query(source, "video2", None)
    with pytest.raises(InputError, match="No query is called 'video3'"):
        showing.find_query(source, "video3", "t2v")


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    image = pytest.importorskip("PIL.Image")
    for i in range(len(COUNTS)):
        folder = tmp_path / "frames" / f"video{i}"
        folder.mkdir(parents=True)
        image.new("RGB", (64, 48), (20 * i, 0, 0)).save(folder / "a.png")
    return tmp_path / "frames"


def test_the_command_and_its_page(tmp_path: Path, frames: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    words = ["show", "text0", "--features", str(path), "--norm", "ncl", "--k", "2", "-q"]
    shown = CliRunner().invoke(app, [*words, "--frames", str(frames), "--out", str(tmp_path / "p")])
    assert shown.exit_code == 0, shown.stderr
    (query,) = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    for system in query["systems"]:
        assert f"rank {system['rank']:g}" in shown.stdout
        for candidate in system["candidates"]:
            assert re.search(rf"{candidate['place']} +\*? +{candidate['score']:.3f}", shown.stdout)
    page = (tmp_path / "p").read_text()
    assert page.count("data:image/jpeg;base64,") == sum(
        len(system["candidates"]) for system in query["systems"]
    )
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_without_a_query_it_picks_some(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5", counts=COUNTS * 4)
    words = ["show", "--features", str(path), "--method", "global", "--json", "-q"]
    shown = json.loads(CliRunner().invoke(app, words).stdout)
    assert {query["picked"] for query in shown} == {"rescued", "demoted"}
    refused = CliRunner().invoke(app, [*words, "--norm", "none"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "Nothing changes without a norm" in refused.stderr
