"""The text model of ``onnx``: captions run alone or together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vrbench.encoders.base import Encoded
from vrbench.encoders.session import Session, encode, read_tokenizer
from vrbench.errors import InputError

ROUNDING = 1e-4
"""Largest relative difference between tokens of captions run together and alone."""
PROBES = (
    "a man is playing the guitar",
    "a",
    "two people are cooking rice in a small kitchen while they talk about what they will do next",
    "cats",
)
"""Captions of different lengths, the longest neither first nor last."""


class TextModel:
    """A text model with its tokenizer.

    Attributes:
        path: the model's file.
        files: the files that were read.

    Raises:
        InputError: a file is no such model, or no tokenizer.
    """

    def __init__(
        self, path: Path, output: str, tokenizer: Path, max_words: int, device: str
    ) -> None:
        self.path = path
        self._session = Session(path, output, device)
        self._tokenizer = read_tokenizer(tokenizer, max_words)
        self._tokenizer_path = tokenizer
        self.files = [*self._session.files, tokenizer]

    def __call__(self, texts: Sequence[str]) -> list[Encoded]:
        """Encode captions in one run.

        Shorter ones are filled up with pieces of attention mask 0, which give no token.

        Raises:
            InputError: the model does not take them.
        """
        pieces = [encode(self._tokenizer, text, self._tokenizer_path) for text in texts]
        ids = np.zeros((len(pieces), max(len(caption.ids) for caption in pieces)), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, caption in enumerate(pieces):
            ids[row, : len(caption.ids)] = caption.ids
            mask[row, : len(caption.ids)] = 1
        known = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        rows = self._session({name: known[name] for name in self._session.inputs if name in known})
        return [_encoded(*pair) for pair in zip(pieces, rows, strict=True)]

    def check_batches(self) -> None:
        """Check that a caption's tokens do not depend on the captions that it is run with.

        Raises:
            InputError: they differ by more than ``ROUNDING``.
        """
        alone = np.concatenate([self([text])[0].tokens for text in PROBES])
        together = np.concatenate([encoded.tokens for encoded in self(PROBES)])
        share = float(np.abs(together - alone).max() / np.abs(alone).max())
        if not share <= ROUNDING:  # NaN is refused too
            raise InputError(
                f"{self.path} gives other tokens where captions are run together, by up to "
                f"{share:.2g} of the largest (at most {ROUNDING:g} is rounding), as models "
                "quantized to int8 do: leave text_batch at 1."
            )


def _encoded(pieces: Any, rows: Any) -> Encoded:
    """(pieces, d) rows of the model -> (words, 2 d) tokens."""
    word = np.flatnonzero(np.array(pieces.special_tokens_mask) == 0)
    tokens = np.concatenate([np.repeat(rows[:1], len(word), axis=0), rows[word]], axis=1)
    words = tuple(pieces.tokens[i] for i in word)
    whole = tokens.mean(axis=0) if words else tokens.sum(axis=0)
    cut = sum(rest.special_tokens_mask.count(0) for rest in pieces.overflowing)
    return Encoded(tokens, whole, words, cut=cut)
