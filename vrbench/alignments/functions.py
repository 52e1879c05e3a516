"""Calling a plain function of two token arrays for each pair, with checks of its output."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.base import TokenAlignment
from vrbench.errors import InputError
from vrbench.registry import parameters, raised
from vrbench.runtime.inputs import to_numpy

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.engine.panels import LengthGroup
    from vrbench.alignments.engine.tiles import Tile

_ALONE = Lock()
"""Held during each call: a prototype may not be safe in two threads at once."""


class FunctionAlignment(TokenAlignment):
    """An alignment that calls a function for each pair; its fields are the function's keywords."""

    function: ClassVar[Callable[..., Any]]
    """``(text (w, d), video (f, d), **parameters)`` -> a number; two where not ``symmetric``."""

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Call the function for each pair, with copies of its own of both items' tokens.

        Raises:
            InputError: it raises, or returns no finite number; the sentence names the pair.
        """
        import torch

        words, frames = tile.words, tile.frames
        texts, videos = words.cpu().numpy(), frames.cpu().numpy()
        given = {one.name: getattr(self, one.name) for one in parameters(type(self))}
        found = np.empty((2, len(texts), len(videos)), dtype=texts.dtype)
        for t, v in product(range(len(texts)), range(len(videos))):
            try:
                with _ALONE:
                    value = self.function(texts[t].copy(), videos[v].copy(), **given)
            except MemoryError:
                raise
            except (Exception, SystemExit) as error:
                raise InputError(f"{self._at(tile, t, v)} fails ({raised(error)}).") from error
            found[:, t, v] = self._checked(value, found.dtype, tile, t, v)
        both = torch.as_tensor(found).to(words.device)
        return both[0], both[1]

    def _checked(self, value: Any, kind: np.dtype[Any], tile: Tile, t: int, v: int) -> Any:
        """Return s^T and s^V (or the one number that is both)."""
        values = [value]
        wanted = "one number"
        if not self.symmetric:
            wanted = "the pair (s^T, s^V) of numbers"
            values = list(value) if isinstance(value, tuple) and len(value) == 2 else []
        numbers = [_number(one, kind) for one in values]
        if not numbers or None in numbers:
            also = " (@vrbench.alignment(name, symmetric=False) takes two)" * self.symmetric
            raise InputError(
                f"{self._at(tile, t, v)} returns {shown(value)}: it has to return {wanted}{also}."
            )
        if not np.isfinite(np.array(numbers, dtype=kind)).all():
            raise InputError(
                f"{self._at(tile, t, v)} returns {shown(value)}, which is no finite number in "
                f"{kind}."
            )
        return numbers if len(numbers) == 2 else numbers[0]

    def _at(self, tile: Tile, t: int, v: int) -> str:
        text = _id(tile, "texts", tile.text, t)
        video = _id(tile, "videos", tile.video, v)
        return f"The function '{name_of(self.function)}' on text '{text}' and video '{video}'"


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function is called, or the class of what can only be called."""
    return str(getattr(function, "__name__", type(function).__name__))


def _number(value: Any, kind: np.dtype[Any]) -> Any:
    """Return a Python, numpy or torch number as one of numpy's; None where it is none."""
    array: NDArray[Any] = to_numpy(value)
    if array.ndim or array.dtype.kind not in "fiub":
        return None
    with np.errstate(over="ignore"):
        return array.astype(kind)[()]


def shown(value: Any) -> str:
    """Write any value in a few words."""
    shape = getattr(value, "shape", ())
    if shape:
        return f"an array of shape {tuple(shape)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _id(tile: Tile, side: str, group: LengthGroup, place: int) -> str:
    stored = getattr(tile.products, side).items.stored
    return str(stored.ids[group.index[place]])
