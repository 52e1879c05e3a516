"""The teacher of momentum distillation, which follows the student, and its queues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.engine.batch import Packed, similarities
from vrbench.errors import InputError
from vrbench.heads.base import Side
from vrbench.heads.head import SCALE
from vrbench.losses import LossSum
from vrbench.losses.base import losses
from vrbench.training.items import Index

if TYPE_CHECKING:
    from torch import Tensor

SIDES: tuple[Side, ...] = ("text", "video")
Sides = Callable[[Mapping[str, "Tensor"], Index], tuple[Packed, Packed]]


class Teacher:
    """What ``momentum`` compares with: weights that follow, and queues of what they gave.

    The teacher's weights are ``ema m + (1 - ema) student`` after each step. Student and teacher
    each score their batch against their own items of the batch and what the teacher gave before:
    tokens and global vectors of both sides, the paper's four queues.

    Source: TokenFlow Appendix B; ALBEF (Li et al., 2021).

    Args:
        ema: share of its weights that the teacher keeps at a step.
        size: items a side that the queues hold.
        weights: of the student, at the start.
        sides: gives both sides of a batch, mapped by weights.
        normalized: whether cosines are scored.
    """

    def __init__(
        self,
        ema: float,
        size: int,
        weights: Mapping[str, Tensor],
        sides: Sides,
        normalized: bool,
    ) -> None:
        self.ema, self.size, self.sides, self.normalized = ema, size, sides, normalized
        self.weights = {name: weight.detach().clone() for name, weight in weights.items()}
        self.queues: dict[Side, Packed] = {}
        self._seen: dict[Side, Packed] = {}

    @classmethod
    def of(
        cls, loss: LossSum, weights: Mapping[str, Tensor], sides: Sides, normalized: bool
    ) -> Teacher | None:
        """Return it where a part of the loss needs one; the first such part says how it follows.

        Raises:
            InputError: that has no parameters ``ema`` and ``queue``.
        """
        part = next((part for _, part in loss.parts if part.needs_teacher), None)
        if part is None:
            return None
        ema, queue = (getattr(part, name, None) for name in ("ema", "queue"))
        if ema is None or queue is None:
            raise InputError(
                f"The loss '{losses.spec(part)}' needs a teacher, and has no parameters ema and "
                "queue that say how it follows: give it both, as momentum has them."
            )
        return cls(ema, queue, weights, sides, normalized)

    def scores(self, method: Method, texts: Index) -> tuple[Tensor, Tensor]:
        """Return the teacher's similarities of a batch, as ``both``, and remember its items."""
        import torch

        with torch.no_grad():
            self._seen = dict(zip(SIDES, self.sides(self.weights, texts), strict=True))
            own = method.with_weights(self.weights)
            return self.both(own, self._seen["text"], self._seen["video"])

    def both(self, method: Method, text: Packed, video: Packed) -> tuple[Tensor, Tensor]:
        """(n, n + k) texts x videos of batch and queue, and (n + k, n) the same of texts."""
        videos = _joined([video, *self._queued("video")])
        texts = _joined([text, *self._queued("text")])
        cosines = self.normalized
        t2v, _ = similarities(method, text, videos, normalized=cosines)
        _, v2t = similarities(method, texts, video, normalized=cosines)
        return t2v, v2t

    def _queued(self, side: Side) -> list[Packed]:
        return [self.queues[side]] if side in self.queues else []

    def follow(self, weights: Mapping[str, Tensor]) -> None:
        """Move towards the student, and put what ``scores`` gave for a batch into the queues."""
        import torch

        for side, seen in self._seen.items() if self.size else ():
            self.queues[side] = _last(_joined([*self._queued(side), seen]), self.size)
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.mul_(self.ema).add_((1 - self.ema) * weights[name])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what it has to remember."""
        found = {f"teacher.{name}": w.cpu().numpy().copy() for name, w in self.weights.items()}
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

        on = self.weights[SCALE].device
        tensors = {name: torch.as_tensor(value.copy()).to(on) for name, value in arrays.items()}
        for name, weight in self.weights.items():
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
