"""The loop: batches, a loss and a step, and after each epoch a validation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method, parse_method
from vrbench.alignments.engine.batch import similarities
from vrbench.evaluation.sources.scorer import Scorer
from vrbench.heads import parse_head
from vrbench.heads.applied import packed
from vrbench.heads.head import SCALE, apply
from vrbench.losses import parse_loss
from vrbench.losses.base import Given
from vrbench.runtime.progress import Progress, phase
from vrbench.training.anchors import Anchors, Both
from vrbench.training.items import Index, TrainingItems
from vrbench.training.optimizer import Optimizer
from vrbench.training.queue import NamedArrays, Queue
from vrbench.training.runs import Runs
from vrbench.training.settings import TrainingSettings
from vrbench.training.state import State
from vrbench.training.teacher import Teacher
from vrbench.training.validation import recalls, total

if TYPE_CHECKING:
    from torch import Tensor

MOST_SCALE = math.log(100)
"""Of the logit scale's logarithm, as in CLIP."""

LEAST_SCALE = 0.0
"""The same where Norton's losses are trained, whose tau is to be at most 1."""


class Loop:
    """A training on its way.

    What the first heads give that are not trained is made once, and kept.

    Args:
        items: what it trains on.
        settings: how.
        weights: the first ones.
        device: where.
        score: scores the validation items.
    """

    def __init__(
        self,
        items: TrainingItems,
        settings: TrainingSettings,
        weights: Mapping[str, Tensor],
        device: str,
        score: Scorer,
    ) -> None:
        self._score = score
        self.settings, self.device = settings, device
        self.spec = parse_head(settings.head)
        self.method = parse_method(str(settings.method))
        self.loss = parse_loss(settings.loss)
        self.loss.effective_scale(1.0)  # what is wrong in a loss from outside is said at once
        self.items, self.moving = items, self.spec
        if not (self.loss.run or self.loss.has_anchors or items.patches):  # they read all items
            self.items, self.moving = items.behind(self.spec, weights)
        self.weights = {name: w.detach().clone().to(device) for name, w in weights.items()}
        learnt = {
            name: weight.requires_grad_()
            for name, weight in self.weights.items()
            if name == SCALE or self.spec.parts[name.partition(".")[0]].trained
        }
        self.anchors = self._anchors()
        learnt |= {} if self.anchors is None else self.anchors.weights
        self.runs = Runs.of(items, self.loss.run) if self.loss.run else None
        self.per_epoch = sum(1 for _ in self._batches(0))
        self.optimizer = Optimizer(learnt, settings, self.per_epoch * settings.epochs)
        self.teacher = Teacher.of(self.loss, self.weights, self._sides, items.text.normalized)
        self.queue = Queue.of(settings, self.method)

    def start(self, state: State) -> None:
        """Take up a state, or fill one that is new."""
        if not state.curve:
            self._measured(state, None)
            return
        self._restore(self.weights, state.parts["now"])
        self.optimizer.restore(state.parts.get("adam", {}))
        if self.teacher is not None:
            self.teacher.restore(state.parts.get("teacher", {}))
        if self.anchors is not None:
            self.anchors.restore(state.parts["anchors"])
        self.queue.restore(state.parts.get("queue", {}))

    def epoch(self, state: State, progress: Progress | None) -> None:
        """Train one epoch, and validate; a number that is not finite ends the training.

        ``state.stopped`` then says which, and where.
        """
        losses: list[float] = []
        step, last = state.epoch * self.per_epoch, self.per_epoch * self.settings.epochs
        for texts, lengths in self._batches(state.epoch):
            value = self._step(texts, lengths, min(step, last - 1))
            losses.append(value)
            step += 1
            if not math.isfinite(value):
                state.stopped = f"The loss became {value} at {_place(state, losses)}"
                return
            if progress:
                progress("training", step, last)
        if not all(bool(weight.isfinite().all()) for weight in self.optimizer.weights.values()):
            state.stopped = f"Weights became NaN or infinite by {_place(state, losses)}"
            return
        state.epoch += 1
        with phase("validation", progress):
            self._measured(state, float(np.mean(losses)))

    def _batches(self, epoch: int) -> Iterator[tuple[Index, Index | None]]:
        """Yield the texts of each batch, and the clips of each of its runs, where it has runs."""
        how = epoch, self.settings.batch, self.settings.seed
        if self.runs is not None:
            yield from self.runs.batches(*how)
            return
        for texts in self.items.batches(*how):
            yield texts, None

    def _step(self, texts: Index, lengths: Index | None, step: int) -> float:
        stored = self._stored(texts)
        text, video = self._mapped(self.weights, stored)
        method = self.method.with_weights(self.weights).in_step(self.settings.seed, step)
        loss = self._loss(method, stored, (text, video), texts, lengths)
        value = math.nan if loss is None else float(loss.item())
        if loss is not None and math.isfinite(value):
            self.queue.add(self.items, texts, text, video)
            self.optimizer.step(loss, step)
            least = None if self.runs is None else LEAST_SCALE
            self.weights[SCALE].data.clamp_(least, MOST_SCALE)
            if self.teacher is not None:
                self.teacher.follow(self.weights)
            if self.anchors is not None:
                self.anchors.follow()
        return value

    def _loss(
        self, method: Method, stored: Both, mapped: Both, texts: Index, lengths: Index | None
    ) -> Tensor | None:
        """Return the loss of a batch; None where a similarity or the scale is no number."""
        import torch

        teacher = self.teacher
        if teacher is None:
            both = similarities(method, *mapped, normalized=self.items.text.normalized)
            known = None
        else:
            both = teacher.both(method, *mapped)
            known = teacher.scores(self.method, texts)
        scale = self.weights[SCALE].exp()
        # a scale of 0 is what is left of one that fell without end
        if not all(bool(torch.isfinite(one).all()) for one in (*both, 1 / scale)):
            return None
        anchored = None if self.anchors is None else self.anchors.compared(stored, mapped)
        return self.loss.of(Given(*both, scale, known, anchored, mapped, lengths))

    def _anchors(self) -> Anchors | None:
        import torch

        some = self.items.texts_of(self.items.trained)[:1]
        with torch.no_grad():
            both = self._stored(some), self._sides(self.weights, some)
        return Anchors.of(self.loss, *both, self.settings.seed)

    def _stored(self, texts: Index) -> Both:
        text, video = self.items.pairs(texts)
        kind = self.weights[SCALE].dtype
        patches = self.items.patches
        return packed(text, kind, self.device), packed(video, kind, self.device, patches=patches)

    def _mapped(self, weights: Mapping[str, Tensor], stored: Both) -> Both:
        text, video = stored
        spec = self.moving
        return apply(spec, weights, "text", text), apply(spec, weights, "video", video)

    def _sides(self, weights: Mapping[str, Tensor], texts: Index) -> Both:
        return self._mapped(weights, self._stored(texts))

    def _measured(self, state: State, loss: float | None) -> None:
        """Add a row to the curve, and keep the weights where they are the best so far."""
        row: dict[str, Any] = {"epoch": state.epoch, "loss": loss}
        row["scale"] = float(self.weights[SCALE].detach().exp())
        if len(self.items.held):
            found = recalls(self.moving, self.weights, self.method, self.items, self._score)
            row |= {**found, "sum": total(found)}
        state.curve.append(row)
        now = {name: weight.detach().cpu().numpy().copy() for name, weight in self.weights.items()}
        known = state.curve[state.best]
        if len(state.curve) == 1 or row.get("sum", 1) > known.get("sum", 0):
            state.best = state.epoch
            state.parts |= {"best": now, "best_queue": self.queue.arrays()}
        state.parts |= {"now": now, "adam": self.optimizer.arrays(), "queue": self.queue.arrays()}
        if self.teacher is not None:
            state.parts["teacher"] = self.teacher.arrays()
        if self.anchors is not None:
            state.parts["anchors"] = self.anchors.arrays()

    def bank(self, state: State) -> NamedArrays:
        """Return the arrays of the head's bank: the queue as it was at the best epoch.

        Where no epoch was better than the head as it began, the last queue's items as that head
        gives them.
        """
        import torch

        best = state.parts["best"]
        weights = {name: torch.as_tensor(value.copy()) for name, value in best.items()}
        self.queue.restore(state.parts.get("best_queue" if state.best else "queue", {}))
        return self.queue.bank(self.moving, weights, self.items, as_seen=state.best > 0)

    @staticmethod
    def _restore(weights: Mapping[str, Tensor], arrays: Mapping[str, NDArray[Any]]) -> None:
        import torch

        for name, weight in weights.items():
            weight.data.copy_(torch.as_tensor(arrays[name].copy()))


def _place(state: State, losses: Sequence[float]) -> str:
    return f"step {len(losses)} of epoch {state.epoch + 1}"


def is_over(state: State, settings: TrainingSettings) -> bool:
    """Whether a training has come to its end."""
    waited = state.epoch - state.best if settings.validation > 0 else 0
    return bool(state.stopped) or state.epoch >= settings.epochs or waited >= settings.patience
