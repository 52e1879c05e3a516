"""Captions that were longer than the limit of their encoder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.selected import select
from vrbench.features.tokens import Tokens, offsets_of, token_rows

BLOCK = 10_000
"""Captions whose words are read at once."""


def cut_notes(sides: Mapping[str, Tokens], encoder: str) -> Iterator[str]:
    """Say of each side how many captions were cut off, and how many now read like another one.

    Args:
        sides: name -> side of a feature file; ``cut`` (n,) is how many pieces a caption lost.
        encoder: its spec.
    """
    for side, tokens in sides.items():
        cut = tokens.item_columns.get("cut")
        if cut is None or len(cut) != len(tokens) or not (cut > 0).any():
            continue
        rows = np.flatnonzero(cut > 0)
        named = f" ({encoder})" if encoder else ""
        alike = _alike(tokens, rows)
        yield (
            f"{len(rows):,} of {len(cut):,} captions in /{side} are longer than the encoder{named} "
            f"takes and were cut off, by up to {int(cut.max()):,} pieces"
            f"{f'; {alike:,} of them now read like another caption' if alike else ''}."
        )


def _alike(tokens: Tokens, cut: NDArray[np.int64]) -> int:
    """Count the captions of rows ``cut`` whose words are those of a caption with another text."""
    captions = tokens.captions
    if captions is None or len(captions) != len(tokens) or "words" not in tokens.token_columns:
        return 0
    # a caption with another number of words than all that were cut reads like none of them
    rows = np.flatnonzero(np.isin(tokens.lengths, tokens.lengths[cut]))
    texts: dict[str, set[str]] = defaultdict(set)
    read: dict[int, str] = {}
    try:
        for row, words in _words(tokens, rows):
            read[row] = words
            texts[words].add(" ".join(str(captions[row]).lower().split()))
    except (InputError, OSError):
        return 0  # inspect names what cannot be read, and scoring needs no words
    return sum(row in read and len(texts[read[row]]) > 1 for row in cut.tolist())


def _words(tokens: Tokens, rows: NDArray[np.int64]) -> Iterator[tuple[int, str]]:
    """Yield each of these rows with its words, in lower case."""
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        places = token_rows(tokens.offsets, part)
        words = select(tokens.token_columns["words"], places)[: len(places)].tolist()
        if len(words) < len(places):
            return  # inspect names a column that is too short
        bounds = pairwise(offsets_of(tokens.lengths[part]).tolist())
        for row, (low, high) in zip(part.tolist(), bounds, strict=True):
            yield row, "\0".join(words[low:high]).lower()
