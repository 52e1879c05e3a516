"""What in stored vectors is rarely meant: padding, repeated videos, a bank that is the test set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.overlap import Overlap, known_ids
from vrbench.features.tokens import Tokens


@dataclass
class Scan:
    """What one read of a side finds.

    Attributes:
        digests: one for each item, the same for items with the same tokens.
        zeros: rows that are all zeros.
        first: the item of the first of them.
    """

    digests: list[bytes] = field(default_factory=list)
    zeros: int = 0
    first: str = ""

    def repeated(self) -> NDArray[np.int64]:
        """(n',) the items that equal an earlier one."""
        first: dict[bytes, int] = {}
        for i, digest in enumerate(self.digests):
            first.setdefault(digest, i)
        again = (i for i, digest in enumerate(self.digests) if first[digest] < i)
        return np.fromiter(again, dtype=np.int64)


def scan(items: Tokens, kind: Any = None) -> Scan:
    """Read a side once.

    Args:
        items: the side.
        kind: dtype in which items are compared; None: as they are stored.
    """
    found = Scan()
    for block in items.blocks():
        rows = np.ascontiguousarray(block.tokens, dtype=kind) + 0.0  # -0.0 is 0.0
        zero = np.flatnonzero(~rows.any(axis=1))
        if len(zero) and not found.zeros:
            item = int(np.searchsorted(block.offsets, zero[0], side="right")) - 1
            found.first = str(block.ids[item])
        found.zeros += len(zero)
        parts = zip(block.offsets[:-1].tolist(), block.offsets[1:].tolist(), strict=True)
        found.digests += [
            hashlib.blake2b(rows[a:b].data, digest_size=16).digest() for a, b in parts
        ]
    return found


def zero_notes(side: str, items: Tokens, found: Scan) -> Iterator[str]:
    """Say how many rows are all zeros where dot products are scored: they may be padding."""
    if found.zeros and not items.normalized:
        yield (
            f"{found.zeros:,} of {len(items.tokens):,} rows of /{side}/tokens are all zeros, the "
            f"first is of '{found.first}', and are scored like any token: if they pad short "
            "items, import again with a mask or offsets that leave them out."
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
            f"{len(repeated):,} of {len(ids):,} videos repeat an earlier one ({what}), the first "
            f"is '{ids[repeated[0]]}', and tie with it: where a loader of pairs stored a video "
            "once for each caption, store each video once and give text_video."
        )


def doubts(sides: Mapping[str, Tokens]) -> tuple[list[str], list[str]]:
    """Read all sides; return what makes the bank useless, and what a reader has to know.

    Args:
        sides: ``video``, ``text`` and, where there, ``bank/video``, ``bank/text``.
    """
    kind = np.result_type(*(items.tokens.dtype for items in sides.values()))
    scans = {side: scan(items, kind) for side, items in sides.items()}
    notes = [n for side in sides for n in zero_notes(side, sides[side], scans[side])]
    if "video" in sides:
        repeated = scans["video"].repeated()
        notes += repeat_notes(sides["video"].ids, repeated, "the same vectors")
    found = _bank_overlap(sides, scans)
    if found.whole:
        return [
            f"The bank is the test set: {found.said} are in it, by id or by their vectors. Leave "
            "the bank out and use --bank test, which is printed as transductive, or give a bank "
            "of training items."
        ], notes
    if any(found.shared.values()):
        notes.append(f"The bank holds {found.said} (the same id or the same vectors).")
    return [], notes


def _bank_overlap(sides: Mapping[str, Tokens], scans: Mapping[str, Scan]) -> Overlap:
    found = Overlap({}, {})
    for side in ("text", "video"):
        bank = f"bank/{side}"
        if side in sides and bank in sides:
            banked = set(scans[bank].digests)
            same = np.array([digest in banked for digest in scans[side].digests])
            same |= known_ids(sides[side].ids, sides[bank].ids, side)
            found = found.with_side(side, same)
    return found
