"""A head applied to a feature file: its sides as the head gives them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.features.file import Features
from vrbench.features.tokens import FRAME_LEVEL, Tokens, is_numbers, offsets_of
from vrbench.heads import HeadSpec
from vrbench.heads.base import HeadPart, Side
from vrbench.heads.check_features import check_encoder, check_unseen
from vrbench.heads.head import Head, apply
from vrbench.runtime.memory import spare
from vrbench.sims.stored import spool

if TYPE_CHECKING:
    from torch import Tensor, dtype

    from vrbench.alignments.engine.batch import Packed

MARKS = ("level", "frame")
"""Columns that tell frames and patches apart."""

VALUES = 1_000_000
"""Numbers of a block of tokens that is mapped at once."""

SIDES: dict[str, Side] = {
    "video": "video",
    "text": "text",
    "bank_video": "video",
    "bank_text": "text",
}
"""The sides of Features, and which map each one gets."""

Precision = Literal["single", "double"]


def apply_head(features: Features, head: Head, precision: Precision = "single") -> Features:
    """Return a feature file whose sides are as the head gives them, its bank included.

    What does not fit into memory beside the rest lies in a temporary file.

    Raises:
        InputError: the head was trained on a video of the test side, or on features of another
            encoder, or the features do not fit its weights.
    """
    check_unseen(features, head)
    return map_features(features, head, precision)


def map_features(features: Features, head: Head, precision: Precision = "single") -> Features:
    """Return the same of a file whose test side may hold training videos: one that is a bank.

    Raises:
        InputError: the head was trained on features of another encoder, or does not fit these.
    """
    check_encoder(features, head)
    sides = {name: getattr(features, name) for name in SIDES}
    mapped: dict[str, Any] = {
        name: apply_side(head, SIDES[name], side, precision)
        for name, side in sides.items()
        if side is not None
    }
    return replace(features, **mapped)


def apply_side(head: Head, side: Side, items: Tokens, precision: Precision = "single") -> Tokens:
    """Return a side's items as the head gives them: tokens and their columns.

    Of frames and patches only the frames, where a head does not map each token by itself and reads
    no patches. Tokens that no head changes stay where they are.

    Raises:
        InputError: the items do not fit the head's weights, or cannot be read.
    """
    import torch

    kind = torch.float64 if precision == "double" else torch.float32
    weights = {name: torch.as_tensor(w).to(kind) for name, w in head.weights.items()}
    return map_side(head.spec, weights, side, items, kind)


def map_side(
    spec: HeadSpec,
    weights: Mapping[str, Tensor],
    side: Side,
    items: Tokens,
    kind: dtype | None = None,
) -> Tokens:
    """Return a side's items as heads of these weights give them; see ``apply_side``."""
    import torch

    if all(type(part).apply is HeadPart.apply for part in spec.parts.values()):
        return items
    blocks = _blocks(spec, weights, side, items, kind or torch.float32)
    return _with_tokens(items, blocks) if _maps(spec) else _with_columns(items, blocks)


def mapped_block(
    head: HeadSpec, weights: Mapping[str, Tensor], side: Side, block: Tokens, kind: dtype
) -> Tokens:
    """Return items in memory as heads give them, with their numbers as token columns."""
    found = apply(head, weights, side, packed(block, kind, patches=_keeps_patches(head)))
    vectors = found.globals_
    return replace(
        block,
        tokens=found.tokens.numpy(),
        global_vectors=None if vectors is None else vectors.numpy(),
        token_columns={
            **block.token_columns,
            **{name: w.numpy() for name, w in found.weights.items() if name not in MARKS},
        },
    )


def packed(block: Tokens, kind: dtype, device: str = "cpu", *, patches: bool = False) -> Packed:
    """Return items in memory as tensors; with patches, tokens are marked as what they are."""
    import torch

    from vrbench.alignments.engine.batch import Packed

    def tensor(values: Any) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values)).to(device, kind)

    vectors = block.global_vectors
    marks = {k: tensor(v) for k, v in block.token_columns.items() if patches and k in MARKS}
    whole = None if vectors is None else tensor(vectors)
    return Packed(tensor(block.tokens), block.lengths, whole, marks)


def _blocks(
    head: HeadSpec, weights: Mapping[str, Tensor], side: Side, items: Tokens, kind: dtype
) -> Iterator[Tokens]:
    """Yield mapped blocks; of the columns only numbers, as words on disk would slow them down."""
    import torch

    patches = _keeps_patches(head)
    numbers = {k: v for k, v in items.token_columns.items() if is_numbers(v)}
    with torch.no_grad():
        for block in replace(items, token_columns=numbers).blocks(VALUES):
            frames = block.at_level(FRAME_LEVEL) if _maps(head) and not patches else block
            yield mapped_block(head, weights, side, frames, kind)


def _with_tokens(items: Tokens, blocks: Iterator[Tokens]) -> Tokens:
    """Return items with the tokens of their blocks, on disk where memory does not hold them."""
    rest: list[Tokens] = []

    def tokens() -> Iterator[NDArray[Any]]:
        for block in blocks:
            rest.append(replace(block, tokens=np.empty((0, block.dim))))
            yield block.tokens

    found = tokens()
    first = next(found)
    size = int(first.nbytes * (items.offsets[-1] / len(first)))
    whole = itertools.chain([first], found)
    fits = spare(2 * size) == 2 * size
    rows = _together(whole, int(items.offsets[-1])) if fits else spool(whole, "Tokens")
    vectors = [block.global_vectors for block in rest if block.global_vectors is not None]
    columns = {} if "level" in items.token_columns else dict(items.token_columns)
    whole_items = sum(len(block.token_columns.get("level", ())) for block in rest)
    dropped = set() if whole_items == int(items.offsets[-1]) else {"level"}
    for name in rest[0].token_columns.keys() - dropped:
        columns[name] = np.concatenate([block.token_columns[name] for block in rest])
    return replace(
        items,
        tokens=rows,
        offsets=offsets_of(np.concatenate([block.lengths for block in rest])),
        global_vectors=np.concatenate(vectors) if vectors else None,
        token_columns=columns,
    )


def _together(blocks: Iterator[NDArray[Any]], most: int) -> NDArray[Any]:
    """Return blocks one after the other, at most so many rows, without a second copy of them."""
    first = next(blocks)
    rows, n = np.empty((most, first.shape[1]), first.dtype), 0
    for block in itertools.chain([first], blocks):
        rows[n : n + len(block)] = block
        n += len(block)
    return rows[:n]


def _with_columns(items: Tokens, blocks: Iterator[Tokens]) -> Tokens:
    """Return items with the numbers that heads gave their tokens, which stay where they are."""
    found = [{k: v for k, v in block.token_columns.items() if k not in MARKS} for block in blocks]
    columns = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    return replace(items, token_columns={**items.token_columns, **columns})


def _keeps_patches(head: HeadSpec) -> bool:
    """Whether patches go through the heads, too: one reads them, or none reads whole items."""
    parts = head.parts.values()
    return any(part.reads_patches for part in parts) or all(
        part.by_token for part in parts if type(part).apply is not HeadPart.apply
    )


def _maps(head: HeadSpec) -> bool:
    return any(part.maps for part in head.parts.values())
