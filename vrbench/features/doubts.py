"""Likely mistakes in stored vectors: padding, repeated videos, a bank that is the test set."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.overlap import Overlap, fingerprints, known_ids, nearly_equal
from vrbench.features.tokens import Tokens

REPEATS = "videos repeat an earlier one"
"""Phrase in a note on repeated videos."""
_GOLDEN = (np.sqrt(5) - 1) / 2
"""The fractional parts of its multiples are far from each other: places get different weights."""


@dataclass
class Findings:
    """The findings of one read of a side.

    Attributes:
        digests: one for each item, the same for items with the same tokens.
        prints: by block, (n, k) one for each item, near each other for items whose tokens have
            about the same directions.
        padding: rows that are all zeros, or one other number after rows that are not.
        zeros: how many of them are all zeros.
        first: the item of the first of them.
        ends: of each item the digest of its last token; empty where that is its only one, or
            counts as padding.
        again: of each item whether its last token also stands before it, and ``ends`` is not empty.
    """

    digests: list[bytes] = field(default_factory=list)
    prints: list[NDArray[np.float64]] = field(default_factory=list)
    padding: int = 0
    zeros: int = 0
    first: str = ""
    ends: list[bytes] = field(default_factory=list)
    again: list[bool] = field(default_factory=list)

    def repeated(self) -> NDArray[np.int64]:
        """(n',) the items that equal an earlier one."""
        first: dict[bytes, int] = {}
        for i, digest in enumerate(self.digests):
            first.setdefault(digest, i)
        again = (i for i, digest in enumerate(self.digests) if first[digest] < i)
        return np.fromiter(again, dtype=np.int64)


def scan(items: Tokens, kind: Any = None) -> Findings:
    """Read a side once.

    Args:
        items: the side.
        kind: dtype in which items are compared; None: as they are stored.
    """
    found = Findings()
    for block in items.blocks():
        rows = np.ascontiguousarray(block.tokens, dtype=kind) + 0.0  # -0.0 is 0.0
        odd = _padding(rows, block.offsets)
        if len(odd) and not found.padding:
            item = int(np.searchsorted(block.offsets, odd[0], side="right")) - 1
            found.first = str(block.ids[item])
        found.padding += len(odd)
        found.zeros += int((rows[odd, 0] == 0).sum())
        parts = zip(block.offsets[:-1].tolist(), block.offsets[1:].tolist(), strict=True)
        found.digests += [_digest(rows[a:b]) for a, b in parts]
        last = block.offsets[1:] - 1
        told = (block.lengths > 1) & ~np.isin(last, odd)
        found.ends += [_digest(rows[i]) if end else b"" for i, end in zip(last, told, strict=True)]
        found.again += (told & (rows[last] == rows[last - 1]).all(axis=1)).tolist()
        found.prints.append(_directions(rows, block.offsets))
    return found


def _digest(rows: NDArray[Any]) -> bytes:
    return hashlib.blake2b(rows.data, digest_size=16).digest()


def _padding(rows: NDArray[Any], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """(p,) the rows that are zeros, or one number after a row of their item that is not."""
    flat = (rows == rows[:, :1]).all(axis=1)
    after = ~flat[np.repeat(offsets[:-1], np.diff(offsets))]
    return np.flatnonzero(flat & ((rows[:, 0] == 0) | (after & (rows.shape[1] > 1))))


def _directions(rows: NDArray[Any], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, k) a fingerprint of each item: of its tokens' directions, each weighted by its place."""
    rows = rows.astype(np.result_type(rows.dtype, np.float32), copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        rows = rows / np.maximum(np.abs(rows).max(axis=1, keepdims=True), np.finfo(rows.dtype).tiny)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        found = fingerprints(rows / np.maximum(lengths, 1))
    sizes = np.diff(offsets)
    place = np.arange(len(rows)) - np.repeat(offsets[:-1], sizes)
    weights = 1 + (place * _GOLDEN) % 1
    sums = np.add.reduceat(found * weights[:, None], offsets[:-1], axis=0)
    return sums / np.sqrt(np.add.reduceat(weights**2, offsets[:-1]))[:, None]


def padding_notes(side: str, items: Tokens, found: Findings) -> Iterator[str]:
    """Yield notes on rows that may be padding.

    These are rows that are zeros or one repeated number, and a token that ends half of the
    different items, or stands twice or more at the end of half of the items.
    """
    if found.padding:
        what = "all zeros" if found.zeros == found.padding else "one number over and over"
        yield (
            f"{found.padding:,} of {len(items.tokens):,} rows of /{side}/tokens are {what}, the "
            f"first is of '{found.first}', and are scored like any token: if they pad short "
            "items, import again with a mask or offsets that leave them out."
        )
    different = dict(zip(found.digests, found.ends, strict=True))
    ends = Counter(filter(None, different.values()))
    end = max(ends, key=ends.__getitem__, default=b"")
    if ends[end] > 1 and 2 * ends[end] >= len(different):
        where, what = [one == end for one in found.ends], "one and the same token"
    else:
        where, what = found.again, "a token that stands there twice or more"
    if any(where) and 2 * sum(where) >= len(where):
        yield (
            f"{sum(where):,} of {len(where):,} items of /{side} end with {what}, the first is "
            f"'{items.ids[where.index(True)]}', and are scored with it: if it pads short items, "
            "import again with a mask or offsets that leave it out."
        )


def repeat_notes(ids: NDArray[Any], repeated: NDArray[np.int64], what: str) -> Iterator[str]:
    """Say how many videos equal an earlier one.

    Args:
        ids: (n,) of the videos.
        repeated: (n',) which of them.
        what: what is equal.
    """
    if len(repeated):
        yield (
            f"{len(repeated):,} of {len(ids):,} {REPEATS} ({what}), the first is "
            f"'{ids[repeated[0]]}', and tie with it: where a loader of pairs stored a video "
            "once for each caption, store each video once and give text_video."
        )


def doubts(sides: Mapping[str, Tokens], named: Collection[str] = ()) -> tuple[list[str], list[str]]:
    """Read all sides; return errors that make the bank useless, and notes for the reader.

    Args:
        sides: ``video``, ``text`` and, where there, ``bank/video``, ``bank/text``.
        named: those that are known to have names; for others the form of the ids decides.
    """
    kind = np.result_type(*(items.tokens.dtype for items in sides.values()))
    scans = {side: scan(items, kind) for side, items in sides.items()}
    notes = [n for side in sides for n in padding_notes(side, sides[side], scans[side])]
    if "video" in sides:
        repeated = scans["video"].repeated()
        notes += repeat_notes(sides["video"].ids, repeated, "the same vectors")
    found = _bank_overlap(sides, scans, named)
    if found.whole:
        return [
            f"The bank is the test set: {found.said} are in it, by id or by their vectors. Leave "
            "the bank out and use --bank test, which is printed as transductive, or give a bank "
            "of training items."
        ], notes
    if any(found.shared.values()):
        notes.append(f"The bank holds {found.said} (the same id or the same vectors).")
    return [], notes


def _bank_overlap(
    sides: Mapping[str, Tokens], scans: Mapping[str, Findings], named: Collection[str]
) -> Overlap:
    found = Overlap({}, {})
    for side in ("text", "video"):
        bank = f"bank/{side}"
        if side in sides and bank in sides:
            same = nearly_equal(*(np.concatenate(scans[key].prints) for key in (side, bank)))
            both = side in named and bank in named
            same |= known_ids(sides[side].ids, sides[bank].ids, side, both)
            found = found.with_side(side, same)
    return found
