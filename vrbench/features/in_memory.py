"""Features from arrays in memory, in the form of an open feature file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vrbench.errors import InputError
from vrbench.features.file import Features
from vrbench.features.tokens import Tokens, as_tokens
from vrbench.runtime.digest import digest

NAME = "arrays in memory"


def features_of(
    text: Any, video: Any, *, text_video: ArrayLike | None = None, bank: Any = None
) -> Features:
    """Return texts and videos in the form of an open feature file.

    Args:
        text: Tokens, (n, d) vectors, or a list of n (l, d) arrays; scaled to length 1.
        video: likewise.
        text_video: (n_text,) row of each text's video; None: that of the Tokens, else text i
            belongs to video i.
        bank: a pair of the same (texts, videos): training queries.

    Raises:
        InputError: an item is malformed, or it is not known which video a text has. That the rows
            of ``text_video`` exist is for the caller to check.
    """
    texts, videos = as_tokens(text, "text"), as_tokens(video, "video")
    texts = _owned(texts, len(videos), text_video)
    bank_text = bank_video = None
    if bank is not None:
        if not isinstance(bank, tuple) or len(bank) != 2:
            raise InputError("The bank of arrays is a pair (texts, videos), as the test set is.")
        bank_text, bank_video = as_tokens(bank[0], "bank text"), as_tokens(bank[1], "bank video")
    sides = (texts, videos, bank_text, bank_video)
    return Features(
        path=Path(NAME),
        attrs={"dataset": "arrays", "normalized": texts.normalized},
        video=videos,
        text=texts,
        bank_video=bank_video,
        bank_text=bank_text,
        digest=digest(part for side in sides for part in _parts(side)),
    )


def _owned(texts: Tokens, n_video: int, text_video: ArrayLike | None) -> Tokens:
    """Return texts with the row of each one's video."""
    if text_video is None and texts.video is not None:
        owner = texts.video
    elif text_video is None:
        if len(texts) != n_video:
            raise InputError(
                f"There are {len(texts)} texts and {n_video} videos: say which video belongs to "
                "each text (text_video)."
            )
        owner = np.arange(n_video)
    else:
        owner = np.asarray(text_video)
    return replace(texts, item_columns={**texts.item_columns, "video": owner})


def _parts(side: Tokens | None) -> Iterator[Any]:
    if side is None:
        yield None
        return
    yield from (side.tokens, side.offsets, side.global_vectors, side.video)
    yield np.array([side.normalized])
