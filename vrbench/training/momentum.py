"""Momentum distillation: a teacher that follows the student, and queues of what it gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.engine.batch import Packed, similarities
from vrbench.heads.base import Side
from vrbench.heads.head import SCALE
from vrbench.training.items import Rows

if TYPE_CHECKING:
    from torch import Tensor

SIDES: tuple[Side, ...] = ("text", "video")
Sides = Callable[[Mapping[str, "Tensor"], Rows], tuple[Packed, Packed]]


class Momentum:
    """The loss ``momentum``: targets from a teacher over the batch and what it gave before.

    The teacher's weights are ``ema m + (1 - ema) student`` after each step. Student and teacher
    are compared with the teacher's items of the batch and of the queues, which hold tokens and
    global vectors of both sides: the paper's four queues. Each alignment of a sum (global and
    fine) has its own loss; they are averaged, as are the two directions.

    Source: TokenFlow Appendix B; ALBEF (Li et al., 2021).

    Args:
        given: the parameters ``alpha``, ``ema`` and ``queue``.
        weights: of the student, at the start.
        sides: gives both sides of a batch, mapped by weights.
        normalized: whether cosines are scored.
    """

    def __init__(
        self, given: Any, weights: Mapping[str, Tensor], sides: Sides, normalized: bool
    ) -> None:
        self.given, self.sides, self.normalized = given, sides, normalized
        self.teacher = {name: weight.detach().clone() for name, weight in weights.items()}
        self.queues: dict[Side, Packed] = {}

    @classmethod
    def of(
        cls, loss: object, weights: Mapping[str, Tensor], sides: Sides, normalized: bool
    ) -> Momentum | None:
        """Return it where the loss is this one; None for others."""
        return cls(loss, weights, sides, normalized) if hasattr(loss, "ema") else None

    def loss(
        self,
        method: Method,
        weights: Mapping[str, Tensor],
        text: Packed,
        video: Packed,
        texts: Rows,
    ) -> Tensor:
        """Return the loss of a batch.

        Args:
            method: the alignment.
            weights: of the student.
            text: the student's texts.
            video: the student's videos.
            texts: their rows.
        """
        import torch

        from vrbench.losses import momentum

        with torch.no_grad():
            seen = dict(zip(SIDES, self.sides(self.teacher, texts), strict=True))
        every = {side: _joined([seen[side], *self._queued(side)]) for side in SIDES}
        positive, losses = torch.arange(len(texts), device=weights[SCALE].device), []
        for part in method.parts:
            student, teacher = (
                Method((part,)).with_weights(one) for one in (weights, self.teacher)
            )
            mine = self._both(student, text, video, every, weights[SCALE].exp())
            with torch.no_grad():
                scale = self.teacher[SCALE].exp()
                known = self._both(teacher, seen["text"], seen["video"], every, scale)
            losses += [
                momentum(one, other, positive, alpha=self.given.alpha)[1]
                for one, other in zip(mine, known, strict=True)
            ]
        return torch.stack(losses).mean()

    def _both(
        self, method: Method, text: Packed, video: Packed, every: Mapping[Side, Packed], by: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(n, m) logits of texts against all videos, and of videos against all texts."""
        cosines = self.normalized
        t2v, _ = similarities(method, text, every["video"], normalized=cosines)
        _, v2t = similarities(method, every["text"], video, normalized=cosines)
        return by * t2v, by * v2t.mT

    def _queued(self, side: Side) -> list[Packed]:
        return [self.queues[side]] if side in self.queues else []

    def follow(self, weights: Mapping[str, Tensor], texts: Rows) -> None:
        """Move the teacher towards the student, and put what it gave for a batch into the queues.

        The batch is given by the teacher as it was when the loss was taken.
        """
        import torch

        with torch.no_grad():
            seen = dict(zip(SIDES, self.sides(self.teacher, texts), strict=True))
            for side in SIDES:
                whole = _joined([*self._queued(side), seen[side]])
                self.queues[side] = _last(whole, self.given.queue)
            for name, weight in self.teacher.items():
                weight.mul_(self.given.ema).add_((1 - self.given.ema) * weights[name])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what it has to remember."""
        found = {f"teacher.{name}": w.cpu().numpy().copy() for name, w in self.teacher.items()}
        for side, queue in self.queues.items():
            found[f"{side}.tokens"] = queue.tokens.cpu().numpy()
            found[f"{side}.lengths"] = np.asarray(queue.lengths, np.int64)
            if queue.globals_ is not None:
                found[f"{side}.global"] = queue.globals_.cpu().numpy()
            found |= {f"{side}.of.{name}": w.cpu().numpy() for name, w in queue.weights.items()}
        return found

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what ``arrays`` gave."""
        import torch

        on = self.teacher[SCALE].device
        tensors = {name: torch.as_tensor(value.copy()).to(on) for name, value in arrays.items()}
        for name, weight in self.teacher.items():
            weight.copy_(tensors[f"teacher.{name}"])
        for side in SIDES:
            if f"{side}.tokens" in tensors:
                start = f"{side}.of."
                self.queues[side] = Packed(
                    tensors[f"{side}.tokens"],
                    arrays[f"{side}.lengths"].copy(),
                    tensors.get(f"{side}.global"),
                    {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)},
                )


def _joined(parts: list[Packed]) -> Packed:
    import torch

    first = parts[0]
    vectors = [one.globals_ for one in parts if one.globals_ is not None]
    return Packed(
        torch.cat([one.tokens for one in parts]),
        np.concatenate([np.asarray(one.lengths) for one in parts]),
        torch.cat(vectors) if vectors else None,
        {name: torch.cat([one.weights[name] for one in parts]) for name in first.weights},
    )


def _last(items: Packed, size: int) -> Packed:
    lengths = np.asarray(items.lengths)[-size:]
    rows = slice(len(items.tokens) - int(lengths.sum()), None)
    return replace(
        items,
        tokens=items.tokens[rows].clone(),
        lengths=lengths,
        globals_=None if items.globals_ is None else items.globals_[-size:].clone(),
        weights={name: value[rows].clone() for name, value in items.weights.items()},
    )
