"""The similarities that a loss is given, as tensors that can be worked with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """The similarities of n pairs as tensors, both texts x videos, pair i on the diagonal.

    Attributes:
        t2v: (n, n) s^T.
        v2t: (n, n) s^V.
        given: puts a result back into the kind of array that was given.
    """

    t2v: Tensor
    v2t: Tensor
    given: Callable[[Tensor], Any]

    @classmethod
    def of(cls, sim: Any) -> Batch:
        """Read (n, n) similarities of both directions, or a pair (t2v, v2t) of them.

        Raises:
            InputError: they are not square, of two sizes, of one pair, or not finite.
        """
        pair = sim if isinstance(sim, tuple) else (sim, sim)
        if len(pair) != 2:
            raise InputError(f"Give one matrix or the pair (t2v, v2t), not {len(pair)} matrices.")
        t2v, given = tensor(pair[0], "t2v")
        v2t = t2v if pair[1] is pair[0] else tensor(pair[1], "v2t")[0]
        shape = tuple(t2v.shape)
        if shape != tuple(v2t.shape) or shape[0] != shape[1]:
            raise InputError(
                "A batch has as many texts as videos in both directions, this one has the shapes "
                f"{shape} (t2v) and {tuple(v2t.shape)} (v2t)."
            )
        if shape[0] < 2:
            raise InputError("A batch of one pair has nothing to tell it from: give at least two.")
        return cls(t2v, v2t, given)


def tensor(sim: Any, name: str) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """Return a matrix as a tensor of at least float32, and the way back for results.

    Raises:
        InputError: it is no matrix of finite real numbers.
    """
    import torch

    is_tensor = isinstance(sim, torch.Tensor)
    value = sim if is_tensor else _real(np.asarray(sim), name)
    if value.ndim != 2 or not value.is_floating_point():
        raise InputError(
            f"{name} must be a matrix of real numbers, it has shape {tuple(value.shape)} and type "
            f"{str(value.dtype).removeprefix('torch.')}."
        )
    if not bool(torch.isfinite(value).all()):
        raise InputError(f"A similarity in {name} is NaN or infinite.")
    wide = value if value.dtype == torch.float64 else value.float()
    return wide, _same if is_tensor else _array


def _same(result: Tensor) -> Tensor:
    return result


def _array(result: Tensor) -> Any:
    """A scalar becomes a number."""
    return result.detach().numpy()[()]


def _real(array: Any, name: str) -> Tensor:
    import torch

    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} must hold real numbers, its type is {array.dtype}.")
    return torch.as_tensor(array.astype(array.dtype if array.dtype.kind == "f" else np.float64))
