"""Scoring two sides within the bound of memory."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, Self

from vrbench.alignments import Method
from vrbench.alignments.engine.driver import (
    BLOCK_BYTES,
    PANEL_FRAMES,
    TILE,
    PairProgress,
    panel_words,
    score,
)
from vrbench.alignments.engine.panels import LANES
from vrbench.evaluation.settings import Compute
from vrbench.features import Tokens
from vrbench.runtime.device import torch_device
from vrbench.runtime.memory import bound_of_task, share
from vrbench.sims.sim import Sim

UNBOUNDED = 200_000_000
"""Bytes for the items in work of each side without a bound: more is no faster."""
TILES = 6
"""Arrays of the size of a tile that a reduction makes, about."""


class Score(Protocol):
    """How to score two sides, leaving room for ``pending`` bytes of matrices still to come."""

    def __call__(
        self,
        method: Method | None,
        text: Tokens,
        video: Tokens,
        keep: Literal["both", "t2v", "v2t"],
        progress: PairProgress | None,
        pending: int,
    ) -> Sim:
        """Return the similarities that ``keep`` names."""


@dataclass(eq=False)
class Scorer:
    """The driver, with blocks and threads that fit into memory.

    Attributes:
        compute: how to compute.
        in_worker: whether it runs in another process, within a bound of its own.
    """

    compute: Compute
    in_worker: bool = False
    _loaded: set[tuple[type, ...]] = field(default_factory=set)

    @classmethod
    def elsewhere(cls, compute: Compute) -> Self:
        """Return what scores in another process, by one thread; ``auto`` is this one's device."""
        device = torch_device("auto") if compute.device == "auto" else compute.device
        return cls(replace(compute, backend=None, workers=1, device=device), in_worker=True)

    def __call__(
        self,
        method: Method | None,
        text: Tokens,
        video: Tokens,
        keep: Literal["both", "t2v", "v2t"],
        progress: PairProgress | None,
        pending: int,
    ) -> Sim:
        """Score two sides, leaving room for ``pending`` bytes of matrices still to come."""
        assert method is not None  # plan() gives every feature file a method
        how = self.compute
        size, workers = UNBOUNDED, how.workers
        if self.in_worker:
            bound_of_task(how.memory)
        if how.memory is not None:
            self._load(method, text, video)
            most = workers or len(os.sched_getaffinity(0))
            size, workers = share(pending, self._tile(text, video), most, BLOCK_BYTES)
        return score(
            text,
            video,
            method,
            precision=how.precision,
            device=how.device,
            workers=workers,
            block_bytes=size,
            keep=keep,
            progress=progress,
        )

    def _load(self, method: Method, text: Tokens, video: Tokens) -> None:
        """Score one pair: what a method loads and compiles is there before memory is shared."""
        kinds = tuple(type(part) for _, part in method.terms)
        if kinds not in self._loaded:
            self._loaded.add(kinds)
            one, how = (text.block(0, 1), video.block(0, 1)), self.compute
            score(*one, method, precision=how.precision, device=how.device, workers=1)

    def _tile(self, text: Tokens, video: Tokens) -> int:
        """Bytes that a thread works on: the products of two panels, and tiles of them."""
        frames = max(PANEL_FRAMES, LANES * int(video.lengths.max()))
        words = max(panel_words(text.dim, frames), int(text.lengths.max()))
        width = 8 if self.compute.precision == "double" else 4
        return width * (words * frames + TILES * TILE)
