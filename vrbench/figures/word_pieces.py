"""Whole words from a tokenizer's pieces of words."""

from __future__ import annotations

from collections.abc import Sequence

END = "</w>"
"""Ends the last piece of a word in byte-pair vocabularies, as that of CLIP."""
INSIDE = "##"
"""Begins every piece of a word but the first in WordPiece vocabularies, as that of BERT."""


def whole_words(pieces: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the place of the word of each piece, and the words."""
    ends = any(piece.endswith(END) for piece in pieces)
    places: list[int] = []
    words: list[str] = []
    inside = False
    for piece in pieces:
        if words and (inside or piece.startswith(INSIDE)):
            words[-1] += piece.removeprefix(INSIDE).removesuffix(END)
        else:
            words.append(piece.removesuffix(END))
        # start and end of a text are whole: <|startoftext|>
        inside = ends and not piece.endswith(END) and not piece.startswith("<|")
        places.append(len(words) - 1)
    return places, words
