"""How much each patch of a frame matters (UCoFiA's patch selection), and which ones are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.attended import matmul
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

Variant = Literal["exact", "released"]
NAMES = ("in_conv.0.weight", "in_conv.0.bias", "in_conv.1.weight", "out_conv.0.weight",
         "out_conv.2.weight")  # fmt: skip
"""Of the network's arrays, in the release."""
EPS = 1e-5
"""Of the layer norm, torch's."""


@dataclass(frozen=True, eq=False)
class Saliency:
    """``U = tanh(G_b([G_a([p, f]), v]))`` of a patch p of a frame f (supplementary, eq. 1).

    ``G_a`` is a layer norm, a matrix and gelu; v the sum of ``G_a([f, f])`` over a video's frames,
    as the release has it; ``G_b`` a matrix, gelu and a row. A network as wide as a token (that of
    the release's folder ``train``) is ``U = tanh(G_b([G_a(p), G_a(f)]))`` instead, which knows
    nothing of the video: ``released`` takes both, ``exact`` the first only.

    Attributes:
        arrays: the ``NAMES``, tensors.
        variant: ``exact`` or ``released``.
    """

    arrays: Mapping[str, Tensor]
    variant: Variant = "exact"

    @classmethod
    def of(cls, weights: Mapping[str, Any], variant: Variant = "exact") -> Saliency:
        """Read arrays whose names end in ``NAMES``, such as ``ucofia.selector.in_conv.0.weight``.

        Raises:
            InputError: one is missing, or they do not fit together.
        """
        import torch

        if variant not in ("exact", "released"):
            raise InputError(f"Unknown variant '{variant}': use exact or released.")
        found = {name: w for name in NAMES for key, w in weights.items() if _ends(key, name)}
        if missing := [name for name in NAMES if name not in found]:
            raise InputError(f"The weights of the patch selection lack '{missing[0]}'.")
        arrays = {name: torch.as_tensor(w) for name, w in found.items()}
        seen, _, hidden, out, _ = (arrays[name].shape[0] for name in NAMES)
        due = ((seen,), (seen,), (hidden, seen), (out, 2 * hidden), (1, out))
        for name, shape in zip(NAMES, due, strict=True):
            if tuple(arrays[name].shape) != shape:
                raise InputError(
                    f"The patch selection's '{name}' has the shape {tuple(arrays[name].shape)}, "
                    f"expected {shape}."
                )
        return cls(arrays, variant)

    def __call__(
        self, rows: Tensor, frames: Tensor, frame: NDArray[Any], video: NDArray[Any]
    ) -> Tensor:
        """(R,) the scores of tokens; see ``logits``."""
        return self.logits(rows, frames, frame, video).tanh()

    def logits(
        self, rows: Tensor, frames: Tensor, frame: NDArray[Any], video: NDArray[Any]
    ) -> Tensor:
        """(R,) the same before tanh, which makes equal numbers of large ones.

        Args:
            rows: (R, d) the tokens.
            frames: (F, d) the tokens of the frames, [CLS].
            frame: (R,) which frame each token is of.
            video: (F,) which video each frame is of, from 0 and in order.
        """
        seen, width = len(self.arrays["in_conv.0.weight"]), rows.shape[1]
        if seen not in (2 * width, width) or (seen == width and self.variant == "exact"):
            way = "" if seen != width else " (variant=released reads those of a narrower network)"
            raise InputError(
                f"The patch selection reads {seen} numbers, and a patch and its frame have "
                f"{2 * width}: use the features that it was trained on{way}."
            )
        if seen == width:
            context = self._first(frames)[frame]
            return self._second(self._first(rows), context)
        around = frames[frame]
        own = self._first(_beside(frames, frames))
        whole = _sums(own, video)[video[frame]]
        return self._second(self._first(_beside(rows, around)), whole)

    def _first(self, x: Tensor) -> Tensor:
        import torch

        gain, shift, matrix = (self.arrays[name].to(x) for name in NAMES[:3])
        normed = torch.nn.functional.layer_norm(x, (x.shape[1],), gain, shift, EPS)
        return torch.nn.functional.gelu(matmul(normed, matrix.mT))

    def _second(self, own: Tensor, context: Tensor) -> Tensor:
        import torch

        matrix, row = (self.arrays[name].to(own) for name in NAMES[3:])
        hidden = torch.nn.functional.gelu(matmul(_beside(own, context), matrix.mT))
        return matmul(hidden, row.mT)[:, 0]


def _ends(key: str, name: str) -> bool:
    return key == name or key.endswith(f".{name}")


def _beside(a: Tensor, b: Tensor) -> Tensor:
    import torch

    return torch.cat([a, b], dim=1)


def _sums(rows: Tensor, video: NDArray[Any]) -> Tensor:
    """(videos, h) sums of the frames' rows, one after the other: the same whatever is beside."""
    import torch

    starts = np.flatnonzero(np.diff(video, prepend=-1))
    place = np.arange(len(video)) - np.repeat(starts, np.diff([*starts, len(video)]))
    found = rows.new_zeros(int(video.max()) + 1, rows.shape[1])
    for nth in range(int(place.max()) + 1):
        here = np.flatnonzero(place == nth)
        found = found.index_add(0, torch.as_tensor(video[here]).to(rows.device), rows[here])
    return found


def top(scores: NDArray[Any], k: int) -> NDArray[np.int64]:
    """(n, l) -> (n, k) places of the k largest of each row, ascending; of equal ones the first."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.sort(order, axis=1).astype(np.int64)
