from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from small_features import tokens_of, write_features

import vrbench
from vrbench.errors import InputError
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources.blocks import Folding
from vrbench.evaluation.sources.folded import Folded
from vrbench.evaluation.sources.grid import Grid
from vrbench.features import Tokens
from vrbench.metrics.measure import Unkept, measure
from vrbench.runtime.backend import Here
from vrbench.sims import kept
from vrbench.sims.sim import DIRECTIONS, Sim
from vrbench.sims.truth import Truth, queries_of

N, M = 700, 530


@dataclass
class Given:
    """Similarities that are given, by the numbers in the items' ids."""

    sim: Sim
    asked: int = 0

    def __call__(self, text: Tokens, video: Tokens) -> Sim:
        self.asked += 1
        at = np.ix_([int(i[4:]) for i in text.ids], [int(i[5:]) for i in video.ids])
        return Sim(self.sim.t2v[at], self.sim.v2t[at])


def items(n: int, name: str) -> Tokens:
    return tokens_of([np.ones((1, 2))] * n, name)


def given(kind: str) -> tuple[Sim, Truth]:
    """Videos without a text, several texts a video, and ties of all kinds."""
    rng = np.random.default_rng(0)
    owner = rng.integers(0, M - 30, N)
    matrices = []
    for _ in DIRECTIONS:
        sim = rng.standard_normal((N, M)).astype(np.float32) / 10
        sim[np.arange(N), owner] += 0.2
        sim = {"plain": sim, "ties": sim.round(2), "level": np.zeros_like(sim)}[kind]
        sim[:, 41] = sim[:, 40]
        matrices.append(sim)
    return Sim(*matrices), Truth.of((N, M), owner)


def folding(sim: Sim, truth: Truth, pairs: int, backend: Any = None) -> tuple[Unkept, Given]:
    score = Given(sim)
    grid = Grid(items(N, "text"), items(M, "video"), truth, pairs)
    queries = {d: queries_of(getattr(sim, d), truth, d) for d in DIRECTIONS}
    read = Folded(grid, score, queries, backend or Here(), None).read
    return Unkept(None, None, read), score


@pytest.mark.parametrize("kind", ["plain", "ties", "level"])
@pytest.mark.parametrize("pairs", [1, 512 * 512, 10**9])
def test_blocks_of_any_size_measure_what_the_matrix_does(kind: str, pairs: int) -> None:
    sim, truth = given(kind)
    whole = measure(sim, truth, (1, 5), "mean", "best-caption", 0.01)
    unkept, score = folding(sim, truth, pairs)
    found = measure(unkept, truth, (1, 5), "mean", "best-caption", 0.01)
    assert found.metrics == whole.metrics
    assert found.diagnostics == whole.diagnostics  # to the last bit
    for d in DIRECTIONS:
        np.testing.assert_array_equal(found.ranks[d], whole.ranks[d])
    assert score.asked == {1: 9, 512 * 512: 4, 10**9: 1}[pairs]


class Backwards:
    """A backend whose tasks are done in the opposite order."""

    def map(self, work: Any, tasks: Any) -> Any:
        return ((key, work(tasks[key])) for key in reversed(list(tasks)))


@pytest.mark.parametrize("room", [0, 3 * 8 * 256 * 256, 10**9])
def test_the_order_and_what_is_kept_change_no_bit(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim, truth = given("plain")
    monkeypatch.setattr(kept, "IN_MEMORY", 2 * 8 * 256 * 256 if room else 0)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2 * room))
    unkept, score = folding(sim, truth, 1, Backwards())
    found = unkept.read(0.02, "mean")
    again, _ = folding(sim, truth, 10**9)
    for d, one in again.read(0.02, "mean").items():
        left, right = (read.sums.sums for read in (found[d], one) if read.sums)
        np.testing.assert_array_equal(left, right)
        np.testing.assert_array_equal(found[d].counts.better, one.counts.better)
        np.testing.assert_array_equal(found[d].near.counts, one.near.counts)  # type: ignore[union-attr]
    assert (score.asked == 9) == (room == 10**9)
    assert score.asked <= 18 - 2 * bool(room)


def test_own_pairs_are_known_by_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where last bits differ between the reads, a query's own pair is still no competitor."""
    sim, truth = given("plain")

    class Jittering(Given):
        def __call__(self, text: Tokens, video: Tokens) -> Sim:
            found, noise = super().__call__(text, video), np.float32(1 + 1e-7 * self.asked)
            return Sim(found.t2v * noise, found.v2t * noise)

    grid = Grid(items(N, "text"), items(M, "video"), truth, 1)
    queries = {d: queries_of(getattr(sim, d), truth, d) for d in DIRECTIONS}
    monkeypatch.setattr(kept, "IN_MEMORY", 0)
    monkeypatch.setattr(kept, "SHARE", 0)
    found = Folded(grid, Jittering(sim), queries, Here(), None).read(None, "mean")
    whole = measure(sim, truth, (1,), "mean", "best-caption", None)
    for d in DIRECTIONS:
        ranks = found[d].counts.ranks()
        assert (ranks != whole.ranks[d])[~np.isnan(ranks)].mean() < 0.01


def test_a_block_is_named_by_its_first_and_last_items() -> None:
    grid = Grid(items(N, "text"), items(M, "video"), given("plain")[1], 1)
    assert list(grid)[-1] == (2, 2)
    names = "texts 'text512' to 'text699' and videos 'video256' to 'video511'"
    assert str(grid[2, 1]) == f"The block of {names}"


def test_the_pair_that_is_not_finite_is_named() -> None:
    sim, truth = given("plain")
    sim.v2t[601, 300] = np.nan
    unkept, _ = folding(sim, truth, 1)
    with pytest.raises(InputError, match="The v2t similarity of text 601 and video 300 is nan"):
        unkept.read(0.01, "mean")


def test_each_pair_is_scored_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_features(tmp_path / "f.h5")
    seen: list[tuple[int, int]] = []
    look = Folding.look

    def counted(self: Any, task: Any) -> Any:
        seen.append((len(task.block.text), len(task.block.video)))
        return look(self, task)

    monkeypatch.setattr(Folding, "look", counted)
    told: list[tuple[int, int]] = []
    with vrbench.open(path) as features:
        evaluation = Evaluation.open(features, compute=Compute(matrix=False))
        case = evaluation.case("global", progress=lambda _, done, total: told.append((done, total)))
        measure(case.sim, evaluation.source.truth, (1,), "mean", "best-caption", 0.01)
        assert seen == [(len(features.text), len(features.video))]
        pairs = len(features.text) * len(features.video)
    assert told[-1] == (pairs, pairs)
