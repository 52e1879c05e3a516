"""Items: a block of Tokens as alignments read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.check import bad_rows
from vrbench.features.tokens import FRAME_LEVEL, PATCH_LEVEL, Tokens

if TYPE_CHECKING:
    from torch import Tensor, device, dtype


SHORT, FEW = 1 / 16, 32
"""A sum of products stands for one with a mean token that is not shorter, as a part of the longest
token, of so many tokens at most. Else float32 would lose digits, and of many tokens the product
takes little time beside those of all."""

SAFE = 1e-12
"""Rows no shorter than this and no longer than its inverse are scaled in float32."""


@dataclass(frozen=True)
class Items:
    """A block of items, scaled and in working precision.

    Attributes:
        tokens: (sum l, d).
        offsets: (n + 1,).
        stored: what the block was made from.
        whole: the same items with the tokens that their global vectors are made of; None: these.
        vectors: (n, d) what an alignment made of the global vectors; None: nothing.
    """

    tokens: Tensor
    offsets: NDArray[np.int64]
    stored: Tokens
    whole: Items | None = field(default=None, kw_only=True)
    vectors: Tensor | None = field(default=None, kw_only=True)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def longest(self) -> float:
        """Length of the longest token."""
        import torch

        return float(torch.linalg.vector_norm(self.tokens, dim=-1).max())

    @property
    def shortest(self) -> int:
        """Length of the shortest item."""
        return int(np.diff(self.offsets).min())

    def means(self) -> Tensor:
        """(n, d) mean token of each item, not scaled again."""
        return self._means

    @cached_property
    def _means(self) -> Tensor:
        import torch

        lengths = torch.as_tensor(np.diff(self.offsets), device=self.tokens.device)
        return torch.segment_reduce(self.tokens, "mean", lengths=lengths, axis=0)

    @cached_property
    def global_vectors(self) -> Tensor:
        """(n, d) the stored vectors; without them l2(mean(l2(tokens))).

        Where dot products are scored as they are, the stored vector or the mean token as it is.

        Raises:
            InputError: a vector is NaN, infinite or (for cosines) zero.
        """
        if self.vectors is not None:
            return self.vectors
        if self.whole is not None:
            return self.whole.global_vectors
        stored = self.stored
        if stored.global_vectors is not None:
            _refuse(stored.global_vectors, stored.ids, stored, "its global vector")
            return self._scaled(stored.global_vectors)
        vectors = self.means()
        if stored.normalized:
            _refuse(vectors.cpu().numpy(), stored.ids, stored, "the mean of its tokens")
        return self._scaled(vectors)

    @property
    def of_means(self) -> bool:
        """Whether the global vectors are those of the mean tokens."""
        others = self.vectors, self.whole, self.stored.global_vectors
        return all(other is None for other in others)

    def mean_lengths(self) -> Tensor | None:
        """(n,) what mean tokens are divided by for the global vectors; None: these are others."""
        import torch

        if not self.of_means:
            return None
        if not self.stored.normalized:
            return self.tokens.new_ones(len(self))
        found: Tensor = torch.linalg.vector_norm(self.means().detach(), dim=-1)
        return found

    @cached_property
    def shares(self) -> NDArray[np.float32]:
        """(n,) what the sum of products of an item's tokens is multiplied by for its global vector.

        0 where that is another one, or such a sum would lose digits (``SHORT``, ``FEW``).
        """
        import torch

        divided = self.mean_lengths()
        if divided is None:
            return np.zeros(len(self), np.float32)
        means, counts = torch.linalg.vector_norm(self.means(), dim=-1), np.diff(self.offsets)
        longest: Any = 1.0
        if not self.stored.normalized:
            tokens = torch.linalg.vector_norm(self.tokens, dim=-1).cpu().numpy()
            longest = np.maximum.reduceat(tokens, self.offsets[:-1])
        fits = (means.cpu().numpy() >= SHORT * longest) & (counts <= FEW)
        over = counts * divided.cpu().numpy().astype(np.float64)
        return np.where(fits, 1 / np.where(fits, over, 1), 0).astype(np.float32)

    def values(self, name: str) -> Tensor | None:
        """(sum l,) a number of each token, where a head gave one under this name."""
        import torch

        found = self.stored.token_columns.get(name)
        if found is None:
            return None
        return torch.as_tensor(found).to(self.tokens)

    def largest(self, *, vectors: bool) -> NDArray[np.float64]:
        """(n,) largest magnitude of an item's numbers as they are stored; 1 of scaled ones.

        Args:
            vectors: of the global vector, where one is stored, and not of the tokens.
        """
        if self.stored.normalized:
            return np.ones(len(self))
        rows, starts = self.stored.tokens, self.offsets[:-1]
        if vectors and self.stored.global_vectors is not None:
            rows, starts = self.stored.global_vectors, np.arange(len(self))
        rows = np.asarray(rows)
        most = np.maximum(rows.max(axis=1), -rows.min(axis=1)).astype(np.float64)
        return np.asarray(np.maximum.reduceat(most, starts))

    def _scaled(self, vectors: NDArray[Any] | Tensor) -> Tensor:
        normalized, kind = self.stored.normalized, self.tokens.dtype
        return scaled(vectors, normalized, kind).to(self.tokens.device)


def prepare(tokens: Tokens, kind: dtype, on: device, level: int = FRAME_LEVEL) -> Items:
    """Check a block of Tokens and bring it into the form that alignments read.

    Cosine features are scaled to length 1 here, whatever their stored length.

    Raises:
        InputError: a token is NaN, infinite or (for cosines) zero; the sentence names the item; or
            an item has no token of this level.
    """
    whole = None if level == FRAME_LEVEL else prepare(tokens, kind, on)
    tokens = tokens.at_level(level) if whole is None else _patches(tokens)
    owner = np.repeat(np.arange(len(tokens)), tokens.lengths)
    _refuse(tokens.tokens, tokens.ids[owner], tokens, "a token")
    rows = scaled(tokens.tokens, tokens.normalized, kind)
    return Items(rows.to(on), tokens.offsets, tokens, whole=whole)


def _patches(tokens: Tokens) -> Tokens:
    marked = "level" in tokens.token_columns
    if not marked or any(tokens.level_problems(PATCH_LEVEL)):
        raise InputError(
            f"{tokens.name} has no patches, which level=patch reads, for every item: extract it "
            "with clip:tokens=patches, or import video_level with a 1 for each patch."
        )
    return tokens.at_level(PATCH_LEVEL)


def check_products(
    texts: Tokens, videos: Tokens, largest: tuple[NDArray[Any], NDArray[Any]], kind: dtype
) -> None:
    """Refuse dot products that vanish, or lose digits, below the smallest numbers of their type.

    Args:
        texts: items of the text side.
        videos: items of the video side.
        largest: (n_text,) and (n_video,) magnitudes, see ``Items.largest``.
        kind: float32 or float64, of the products.

    Raises:
        InputError: all products of an item that is not zero are too small.
    """
    import torch

    limits = torch.finfo(kind)
    for side, own, other in ((texts, *largest), (videos, *largest[::-1])):
        with np.errstate(over="ignore", under="ignore"):
            lost = (own > 0) & (own * other.max() < limits.tiny / limits.eps) & (other.max() > 0)
        if lost.any():
            row, name = int(np.argmax(lost)), str(kind).removeprefix("torch.")
            way = "use --precision double, or " if kind == torch.float32 else ""
            raise InputError(
                f"Item '{side.ids[row]}' of {side.name} is so small (its largest number is "
                f"{own[row]:.3g}) that its dot products vanish in {name}: {way}scale the features."
            )


def _refuse(rows: NDArray[Any], ids: NDArray[Any], side: Tokens, what: str) -> None:
    for problem in bad_rows(rows, ids, side, what):
        raise InputError(problem)


def scaled(rows: NDArray[Any] | Tensor, normalized: bool, kind: dtype) -> Tensor:
    """Bring rows into working precision, scaled to length 1 where they are to be."""
    import torch

    # a row's length has other bits where columns come first, and each panel would copy the block
    values = torch.as_tensor(rows).contiguous()
    if not normalized:
        return values.to(kind)
    if kind == torch.float64 or values.dtype == torch.float64:
        return _unit(values.double()).to(kind)
    values = values.to(kind)
    length = torch.linalg.vector_norm(values, dim=-1, keepdim=True)
    result: Tensor = values / length
    extreme = ~((length > SAFE) & (length < 1 / SAFE)).squeeze(-1)
    if extreme.any():  # squares have lost digits
        result[extreme] = _unit(values[extreme].double()).to(kind)
    return result


def _unit(rows: Tensor) -> Tensor:
    """Scale float64 rows to length 1, so that neither long nor short ones overflow."""
    import torch

    rows = rows / rows.abs().amax(dim=-1, keepdim=True)
    unit: Tensor = rows / torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    return unit
