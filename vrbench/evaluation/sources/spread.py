"""Scoring in blocks that a backend does: the same matrix, wherever they are scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from vrbench.alignments import Method
from vrbench.alignments.engine.driver import PairProgress
from vrbench.errors import InputError
from vrbench.evaluation.fingerprint import fingerprint
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources.blocks import Block
from vrbench.evaluation.sources.grid import Grid, Place
from vrbench.evaluation.sources.scorer import Scorer
from vrbench.features import Tokens
from vrbench.registry import origins
from vrbench.runtime.backend import Backend, Tasks
from vrbench.runtime.cluster import WINDOW
from vrbench.runtime.leftovers import temporary_folder
from vrbench.runtime.memory import planned
from vrbench.sims.journal import Journal
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth

TASK = 1_500_000_000_000
"""Floating point operations of a task's products: half a minute of one core, about."""
MOST = 16_000_000
"""Pairs of a task: more take too much memory, and too long to send."""
PAIR = 64 + 8 * (WINDOW + 1)
"""Bytes that a pair of a task takes in a worker: while it is scored and read, and 8 in each result
that waits there until the client takes it, where that one is slower; one is on its way."""
EACH = 4
"""Tasks that every worker gets at least, so that all end at about the same time."""

Keep = Literal["both", "t2v", "v2t"]


@dataclass(frozen=True)
class Scoring:
    """Scores a block, in any process."""

    score: Scorer
    method: Method
    keep: Keep

    def __call__(self, block: Block) -> Sim:
        """Return what is kept of a block's similarities."""
        pending = 16 * len(block.text) * len(block.video)
        return self.score(self.method, block.text, block.video, self.keep, None, pending)


@dataclass(frozen=True)
class Spread:
    """A scorer whose blocks are done by a backend.

    Attributes:
        score: scores a block.
        backend: does so.
        folder: where finished blocks wait for the next run, should this one end early; or None.
    """

    score: Scorer
    backend: Backend
    folder: Path | None = None

    @classmethod
    def of(cls, compute: Compute, backend: Backend, folder: Path | None) -> Self:
        """Return what scores with a backend.

        Mixed workers leave no blocks to the next run, which would not know their fingerprints.
        """
        kept = None if getattr(backend, "mixed", False) else folder
        return cls(Scorer.elsewhere(compute), backend, kept)

    def __call__(
        self,
        method: Method | None,
        text: Tokens,
        video: Tokens,
        keep: Keep,
        progress: PairProgress | None,
        pending: int,
    ) -> Sim:
        """Score two sides, leaving room for ``pending`` bytes of matrices still to come."""
        assert method is not None
        nothing: Any = np.zeros(0, np.int64)
        size = task_pairs(text, video, self.backend)
        grid = Grid(text, video, Truth(nothing, nothing, len(text), len(video)), size)
        out: dict[str, Any] = {}
        done, total = 0, len(text) * len(video)
        check_sendable([method])
        work = Scoring(self.score, method, keep)
        for place, sim in self._blocks(work, grid):
            where = (..., *grid.slices(place, "t2v"))
            same = sim.v2t is sim.t2v
            for name in ("t2v",) if same else ("t2v", "v2t"):
                part = getattr(sim, name)
                if part is not None:
                    shape = (*part.shape[:-2], len(text), len(video))
                    out.setdefault(name, np.empty(shape, part.dtype))[where] = part
            done += (where[1].stop - where[1].start) * (where[2].stop - where[2].start)
            if progress:
                progress(done, total)
        return Sim(out.get("t2v"), out.get("v2t", out.get("t2v") if keep == "both" else None))

    def _blocks(self, work: Scoring, grid: Grid) -> Iterator[tuple[Place, Sim]]:
        """Yield all blocks: those that an earlier run has left, then the others."""
        if self.folder is None:
            yield from self.backend.map(work, grid)
            return
        name, missing = self.naming(grid, work.method, work.keep), []
        with Journal.at(self.folder) as journal:
            for place in grid:
                sim = journal.take(name(place))
                if sim is None:
                    missing.append(place)
                else:
                    yield place, sim
            for place, sim in self.backend.map(work, Tasks(missing, grid.__getitem__)):
                journal.keep(name(place), sim)
                yield place, sim

    def naming(self, grid: Grid, method: Method, keep: str) -> Callable[[Place], str]:
        """Return what names a block by all that decides its bits."""
        how = self.score.compute
        about = method, keep, how.precision, how.device, sorted(fingerprint().items())
        return grid.naming(about)

    @contextmanager
    def keeping(self) -> Iterator[Journal]:
        """Open where workers keep blocks for the next read, and for the next run if asked for."""
        if self.folder is not None:
            with Journal.at(self.folder) as journal:
                yield journal
            return
        with temporary_folder() as folder:
            yield Journal.at(folder)


def task_pairs(text: Tokens, video: Tokens, backend: Backend) -> int:
    """Return how many pairs a task gets, from the products that they take."""
    tokens = float(text.lengths.mean()) * float(video.lengths.mean())
    pairs = int(TASK / (2 * text.dim * tokens))
    share = len(text) * len(video) // (EACH * getattr(backend, "workers", 1))
    return max(1, min(pairs, share, MOST, planned(PAIR * MOST) // PAIR))


def check_sendable(methods: Iterable[Method | None]) -> None:
    """Check that other processes know methods, too.

    Raises:
        InputError: a part of one is from outside vrbench.
    """
    for method in methods:
        if method is not None and origins(*(part for _, part in method.parts)):
            raise InputError(
                f"{method.spec} is not one of vrbench's own methods, and other processes know only "
                "these: leave --processes and --cluster out."
            )
