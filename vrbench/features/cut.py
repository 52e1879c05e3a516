"""Captions and videos that were longer than the limit of their encoder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.selected import select
from vrbench.features.sides import json_attr
from vrbench.features.tokens import Tokens, offsets_of, token_rows

BLOCK = 10_000
"""Captions whose words are read at once."""


def cut_notes(sides: Mapping[str, Tokens], attrs: Mapping[str, Any], path: Path) -> Iterator[str]:
    """Say of each side what was cut off, the first of it and the limit, and what now reads alike.

    Args:
        sides: name -> side of a feature file; ``cut`` (n,) is how many pieces a caption, or frames
            a video, had beyond the encoder's limit.
        attrs: attributes of the file: ``encoder``, and ``limits`` as JSON.
        path: the file.

    Raises:
        InputError: the attribute ``limits`` is malformed.
    """
    encoder, limits = str(attrs.get("encoder", "")), json_attr(attrs, "limits", dict, path)
    if not all(type(most) is int and most >= 0 for most in limits.values()):
        raise InputError(f"{path} has the attribute limits = {limits!r}, expected counts.")
    for side, tokens in sides.items():
        cut = tokens.item_columns.get("cut")
        if cut is None or len(cut) != len(tokens) or not (cut > 0).any():
            continue
        rows = np.flatnonzero(cut > 0)
        kind = side.rpartition("/")[2]
        piece, what = (
            ("pieces", "captions in /{} are longer than")
            if kind == "text"
            else ("frames", "videos in /{} have more frames than")
        )
        most = f" ({limits[kind]:,} {piece})" if kind in limits else ""
        alike = _alike(tokens, rows)
        yield (
            f"{len(rows):,} of {len(cut):,} {what.format(side)} the encoder"
            f"{f' ({encoder})' if encoder else ''} takes{most} and were cut off, by up to "
            f"{int(cut.max()):,} {piece}; the first is '{tokens.ids[rows[0]]}', by "
            f"{int(cut[rows[0]]):,}"
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
