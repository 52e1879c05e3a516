"""Alignments: how the tokens of a text and of a video become one similarity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vrbench.alignments.base import (
    Alignment,
    MeanAlignment,
    TokenAlignment,
    VectorAlignment,
)
from vrbench.alignments.sums import parse_sum, sum_spec, terms_in_order
from vrbench.registry import Registry

alignments: Registry[Alignment] = Registry(
    "method", "vrbench.alignments", base=(TokenAlignment, VectorAlignment, MeanAlignment)
)


@dataclass(frozen=True)
class Method:
    """A weighted sum of alignments; usually one of weight 1.

    Attributes:
        parts: (weight, alignment) in order.
    """

    parts: tuple[tuple[float, Alignment], ...]

    @property
    def symmetric(self) -> bool:
        """Whether one matrix serves both directions."""
        return all(part.symmetric for _, part in self.parts)

    @property
    def levels(self) -> tuple[Method, ...]:
        """Each alignment level as a method of its own; none where there is one matrix.

        A sum has one, to which an alignment with levels gives their mean.
        """
        (weight, part), *others = self.parts
        if others or not isinstance(part, MeanAlignment) or not part.by_level:
            return ()
        levels = part.parts()
        return tuple(Method(((weight, one),)) for one in levels) if len(levels) > 1 else ()

    @property
    def terms(self) -> tuple[tuple[float, Alignment], ...]:
        """The alignments of vectors or tokens whose weighted sum it is, (weight, alignment)."""
        return tuple(term for weight, part in self.parts for term in _terms(weight, part))

    @property
    def reads_patches(self) -> bool:
        """Whether some part reads patches of the videos."""
        return any(part.reads_patches for _, part in self.parts)

    @property
    def reads_tokens(self) -> bool:
        """Whether some part reads more than the items' global vectors."""
        from vrbench.alignments.global_ import Global

        return not all(isinstance(part, Global) for _, part in self.parts)

    def in_step(self, seed: int, step: int) -> Method:
        """Return the same sum as one step of training has it."""
        return self._changed(lambda part: part.in_step(seed, step))

    def with_weights(self, weights: Mapping[str, Any]) -> Method:
        """Return the same sum, each alignment with what a head has learnt for it."""
        return self._changed(lambda part: part.with_weights(weights))

    def _changed(self, change: Callable[[Alignment], Alignment]) -> Method:
        parts = []
        for weight, part in self.parts:
            with alignments.calling(part):
                parts.append((weight, change(part)))
        return Method(tuple(parts))

    @property
    def spec(self) -> str:
        """The spec that names this sum, such as ``0.5*global+0.5*tokenflow:lam=5``."""
        return sum_spec(self.parts, alignments.spec)


def _terms(weight: float, part: Alignment) -> tuple[tuple[float, Alignment], ...]:
    if not isinstance(part, MeanAlignment):
        return ((weight, part),)
    parts = part.parts()
    return tuple(term for one in parts for term in _terms(weight / len(parts), one))


def parse_method(spec: str) -> Method:
    """Read ``name:key=value`` or a weighted sum ``0.5*name+0.5*name:key=value``.

    Raises:
        InputError: a name, parameter, value or weight cannot be read.
    """
    return Method(parse_sum(spec, alignments.parse))


def terms(spec: str) -> list[str]:
    """Return the specs in a sum, without weights, in alphabetical order; none has to be known."""
    return sorted(part.rpartition("*")[2].strip() for part in terms_in_order(spec))
