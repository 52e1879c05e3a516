"""The text side of S3D: the released dictionary, and the tower over its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.encoders.s3d.net import VOCABULARY
from vrbench.errors import InputError
from vrbench.runtime.inputs import as_text
from vrbench.runtime.npy import read_npy

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import ModuleDict

MAX_WORDS = 16
"""Words of a caption that the released tower reads; shorter captions are padded with id 0."""


def read_dictionary(path: Path) -> dict[str, int]:
    """Return the id of each word: its place in ``s3d_dict.npy`` counted from 1; 0 is padding.

    Raises:
        InputError: the file is no array of words, or has more than the word table has rows for.
    """
    words = as_text(read_npy(path), "its words", path)
    if words.ndim != 1 or words.dtype.kind != "U":
        raise InputError(f"{path} is no list of words: expected a .npy of strings, (n,).")
    if len(words) >= VOCABULARY:
        raise InputError(f"{path} holds {len(words)} words, expected at most {VOCABULARY - 1}.")
    return {word: place for place, word in enumerate(words.tolist(), start=1)}


def split(text: str, dictionary: dict[str, int]) -> list[str]:
    """Return the known words of a caption, in lower case; unknown ones are dropped."""
    words = re.findall(r"[\w']+", text.lower())
    return [word for word in words if word in dictionary]


def hidden_words(net: ModuleDict, ids: Sequence[int]) -> Tensor:
    """Ids (l,) -> (l, 2048): relu(fc1(word vector)), what the released tower takes the max of."""
    import torch

    text: Any = net["text_module"]
    where = text["word_embd"].weight.device
    vectors = text["word_embd"](torch.tensor(ids, dtype=torch.long, device=where))
    hidden: Tensor = text["fc1"](vectors).relu()
    return hidden


def word_tokens(net: ModuleDict, hidden: Tensor) -> Tensor:
    """(l, 2048) -> (l, 512): ``fc2`` of each word by itself."""
    text: Any = net["text_module"]
    tokens: Tensor = text["fc2"](hidden)
    return tokens


def sentence(net: ModuleDict, hidden: Tensor) -> Tensor:
    """(16, 2048) of a padded caption -> (512,), as released: ``fc2`` of the max over words."""
    text: Any = net["text_module"]
    vector: Tensor = text["fc2"](hidden.amax(0))
    return vector
