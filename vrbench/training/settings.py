"""What decides a training: head, method, loss and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from vrbench.alignments import Method, alignments, parse_method
from vrbench.alignments.functions import FunctionAlignment
from vrbench.errors import InputError
from vrbench.heads import HeadSpec, parse_head
from vrbench.runtime.seeds import check_seed

DEFAULT_METHOD = "tokenflow"


@dataclass(frozen=True)
class TrainingSettings:
    """How a head is trained; everything here is in its file.

    Attributes:
        head: spec, ``linear+learnable``.
        method: spec of what scores; None: the method of a head that is for one, else ``tokenflow``.
        loss: spec.
        epochs: passes over all training texts; 0 keeps the head as it begins.
        batch: pairs at once, of distinct videos.
        lr: learning rate at its height, of AdamW; 0 only fills a queue.
        weight_decay: of AdamW, for matrices.
        warmup: share of the steps in which the rate rises from 0; then it falls as a cosine.
        validation: share of the training videos that is kept apart; 0: none.
        patience: epochs without a better validation after which training stops.
        queue: training queries that are kept as a bank; 0: none.
        queue_encoding: ``stale``: as they were when seen; ``final``: by the head that is kept. Both
            are the queries before the end of the epoch that is kept; where the head as it begins
            is, the last ones of the training, by that head.
        seed: of the start, the validation videos and the batches.

    Raises:
        InputError: a number is out of range, a spec cannot be read, or the method has no gradient.
    """

    head: str
    method: str | None = None
    loss: str = "infonce"
    epochs: int = 10
    batch: int = 128
    lr: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.1
    validation: float = 0.1
    patience: int = 3
    queue: int = 0
    queue_encoding: Literal["stale", "final"] = "stale"
    seed: int = 0

    def __post_init__(self) -> None:
        from vrbench.losses import parse_loss

        for name, least in (("epochs", 0), ("batch", 2), ("patience", 1), ("queue", 0)):
            if getattr(self, name) < least:
                raise InputError(f"{name} must be at least {least}, it is {getattr(self, name)}.")
        for name in ("lr", "weight_decay"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(
                    f"{name} must be finite and 0 or more, it is {getattr(self, name)}."
                )
        if self.lr == 0 and self.epochs and not self.queue:
            raise InputError(
                f"A learning rate of 0 trains nothing in {self.epochs} epochs: give a larger lr, "
                "or 0 epochs for the head as it begins."
            )
        if self.queue and not self.epochs:
            raise InputError(
                f"A queue of {self.queue} is filled by training, and 0 epochs have none: give "
                "1 epoch with a learning rate of 0 for a queue of the head as it begins."
            )
        for name in ("warmup", "validation"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} is a share below 1, it is {getattr(self, name)}.")
        if self.queue_encoding not in ("stale", "final"):
            raise InputError(f"Unknown queue encoding '{self.queue_encoding}': use stale or final.")
        check_seed(self.seed)
        spec = parse_head(self.head)
        parse_loss(self.loss)
        object.__setattr__(self, "head", spec.spec)
        method = parse_method(self.method or method_of(spec))
        if self.epochs:
            check_gradient(method)
        object.__setattr__(self, "method", method.spec)

    @property
    def values(self) -> Mapping[str, Any]:
        """The settings as JSON has them, without what a head file names elsewhere."""
        named = ("head", "method", "loss", "epochs", "seed")
        return {name: value for name, value in asdict(self).items() if name not in named}


def check_gradient(method: Method) -> None:
    """Check that a method can be trained with.

    Raises:
        InputError: a part of it is a function of numpy arrays.
    """
    for _, part in method.terms:
        if isinstance(part, FunctionAlignment):
            raise InputError(
                f"The method '{alignments.spec(part)}' is a function, which has no gradient: train "
                "with another --method, or write it as an alignment of tiles (docs/extending.md)."
            )


def method_of(spec: HeadSpec) -> str:
    """Return the method that one of the heads is for, else the default.

    It has the parameters of the head that it knows: ``ucofia:levels=video+frame``.
    """
    from vrbench.registry import parameters

    for name, part in spec.parts.items():
        if (cls := alignments.classes().get(name)) is not None:
            known = {field.name for field in parameters(cls)}
            given = {f.name: getattr(part, f.name) for f in parameters(type(part))}
            shared = {key: value for key, value in given.items() if key in known}
            return alignments.spec(cls(**shared))
    return DEFAULT_METHOD
