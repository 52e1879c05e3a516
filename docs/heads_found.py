"""All that the page on heads measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docs.heads_measured import Measured
from docs.heads_runs import EPOCHS, Training
from docs.trained import Trained


@dataclass(frozen=True)
class Found:
    """All that is measured.

    Attributes:
        heads: one alignment and loss, by head.
        untrained: the closed form, by alignment.
        alignments: one head and loss, by alignment.
        losses: one head, by alignment and loss.
        tries: trainings with each learning rate, with the first seed.
        size: bytes of the training tokens.
    """

    heads: Sequence[Measured]
    untrained: Sequence[Measured]
    alignments: Sequence[Measured]
    losses: Sequence[Measured]
    tries: Mapping[Training, Trained]
    size: int


def of(found: Found, loss: str, epochs: int = EPOCHS) -> Measured:
    """Return the row of `global` with a loss whose spec begins so."""
    for one in found.losses:
        name = one.training.loss.partition(":")[0]
        if (one.training.method, name, one.training.epochs) == ("global", loss, epochs):
            return one
    raise KeyError(loss)


def check(*claims: bool) -> None:
    """Check what a text says of the numbers.

    Raises:
        ValueError: it is no longer true.
    """
    if not all(claims):
        wrong = [i for i, claim in enumerate(claims) if not claim]
        raise ValueError(f"The text no longer fits the numbers: claims {wrong}.")
