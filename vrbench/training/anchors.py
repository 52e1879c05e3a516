"""The anchors of ``sspc``, which are learnt, and the queues that they are assigned over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine.batch import Packed, vectors
from vrbench.heads.base import Side
from vrbench.losses import LossSum
from vrbench.losses.sspc import SSPC

if TYPE_CHECKING:
    from torch import Tensor

SIDES: tuple[Side, ...] = ("text", "video")
SPACES = ("in", "out")
"""Before the head and behind it."""

Both = tuple[Packed, Packed]


class Anchors:
    """What the loss ``sspc`` compares with.

    Args:
        loss: how many there are, and what assigns them.
        stored: both sides of any batch, as the head gets them.
        mapped: both sides of any batch, as the head gives them.
        seed: of the first anchors, normal as in the release.
    """

    def __init__(self, loss: SSPC, stored: Both, mapped: Both, seed: int) -> None:
        import torch

        self.loss = loss
        self.weights: dict[str, Tensor] = {}
        self.queues: dict[str, Tensor] = {}
        self._seen: dict[str, Tensor] = {}
        rng = torch.Generator().manual_seed(seed)
        for name, found in _by_name(stored, mapped):
            tokens = found.tokens
            start = torch.randn(loss.anchors, tokens.shape[1], generator=rng)
            self.weights[f"anchors.{name}"] = start.to(tokens).requires_grad_()
            self.queues[name] = tokens.new_zeros(0, tokens.shape[1]).detach()

    @classmethod
    def of(cls, loss: LossSum, stored: Both, mapped: Both, seed: int) -> Anchors | None:
        """Return them where a part of the loss has anchors; all such parts say how many."""
        for _, part in loss.parts:
            if isinstance(part, SSPC):
                return cls(part, stored, mapped, seed)
        return None

    def compared(self, stored: Both, mapped: Both) -> list[tuple[Tensor, Tensor]]:
        """Return similarities of a batch to anchors (n, anchors), and what each is to become.

        In the release's order: the anchors before the head, then those behind it.
        """
        found = {name: vectors(side) for name, side in _by_name(stored, mapped)}
        self._seen = {name: rows.detach() for name, rows in found.items()}
        # (space, side of the items, side of the anchors)
        pairs = [("in", a, a) for a in SIDES] + [("out", s, a) for s in SIDES for a in SIDES]
        near = {pair: self._near(found, *pair) for pair in pairs}
        due = {pair: self._assigned(near[pair], *pair) for pair in pairs}
        wanted = {True: self.loss.ms, False: self.loss.cm}
        terms = [(s, a) for s in SIDES for a in SIDES if wanted[s == a]]
        before = [(near["in", a, a], due["out", s, a]) for s, a in terms]
        return before + [(near["out", s, a], due["in", a, a]) for s, a in terms]

    def _near(self, rows: Mapping[str, Tensor], space: str, side: Side, of: Side) -> Tensor:
        """(n, anchors) cosines."""
        import torch

        anchors = torch.nn.functional.normalize(self.weights[f"anchors.{space}.{of}"])
        return rows[f"{space}.{side}"] @ anchors.mT

    def _assigned(self, near: Tensor, space: str, side: Side, of: Side) -> Tensor:
        """(n, anchors) assignment of a batch that is found together with the queue."""
        import torch

        with torch.no_grad():
            both = torch.cat([self._near(self.queues, space, side, of), near])
            return self.loss.assigner().assign(both)[-len(near) :].to(near)

    def follow(self) -> None:
        """Put the batch that was compared last into the queues."""
        import torch

        for name, rows in self._seen.items():
            size = self.loss.queue
            self.queues[name] = torch.cat([self.queues[name], rows])[-size:] if size else rows[:0]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what it has to remember."""
        found = {**self.weights, **{f"queue.{name}": rows for name, rows in self.queues.items()}}
        return {name: value.detach().cpu().numpy().copy() for name, value in found.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what ``arrays`` gave."""
        import torch

        for name, weight in self.weights.items():
            weight.data.copy_(torch.as_tensor(np.array(arrays[name])))
        for name, rows in self.queues.items():
            self.queues[name] = torch.as_tensor(np.array(arrays[f"queue.{name}"])).to(rows)


def _by_name(stored: Both, mapped: Both) -> Iterator[tuple[str, Packed]]:
    for space, both in zip(SPACES, (stored, mapped), strict=True):
        for side, found in zip(SIDES, both, strict=True):
            yield f"{space}.{side}", found
