"""CLIP's byte pair encoding, from the files that come with its weights."""

from __future__ import annotations

import gzip
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vrbench.encoders.clip.files import TOKENIZER
from vrbench.encoders.session import encode
from vrbench.errors import InputError
from vrbench.runtime.extras import needed
from vrbench.runtime.inputs import reading
from vrbench.runtime.json_text import read_json

BPE = ("bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt")
"""OpenAI's file, which open_clip and CLIP4Clip ship too: a header line, then a merge a line."""

MERGES = 49152 - 256 - 2
"""Number of its merges that are used."""

MOST_BPE = 16 << 20
"""Bytes of merges that are read at most, some five times those of the file."""

_ENDS = ("<|startoftext|>", "<|endoftext|>")
_PIECES = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


@dataclass(frozen=True, eq=False)
class ClipWords:
    """A tokenizer that cuts captions off and never pads them.

    As OpenAI's: HTML entities are resolved twice, text is lower case, white space is one blank.
    Deviation: mojibake is not repaired (they use the package ftfy).

    Attributes:
        tokenizer: of the package tokenizers.
        ends: ids of SOT and EOT.
        files: the files that were read.
    """

    tokenizer: Any
    ends: tuple[int, int]
    files: Sequence[Path]

    def __call__(self, text: str, most: int) -> tuple[list[int], list[str], int]:
        """Return ids and pieces of a caption, SOT first and EOT last, ``most`` together.

        The caption is cut before EOT, as in CLIP4Clip; the number of pieces cut off comes last.
        """
        text = html.unescape(html.unescape(text)).strip()
        found = encode(self.tokenizer, text, self.files[0], add_special_tokens=False)
        ids, spans = found.ids[: most - 2], found.offsets[: most - 2]
        pieces = [text[start:stop].strip() for start, stop in spans]
        cut = len(found.ids) - len(ids)
        return [self.ends[0], *ids, self.ends[1]], [_ENDS[0], *pieces, _ENDS[1]], cut


def read_words(folder: Path) -> ClipWords:
    """Read ``tokenizer.json``, ``vocab.json`` with ``merges.txt``, or OpenAI's BPE file.

    Raises:
        InputError: there is none of them, or it cannot be read.
    """
    tokenizers = needed("tokenizers", "clip")
    whole, vocab, merges = (folder / name for name in TOKENIZER)
    bpe = next((folder / name for name in BPE if (folder / name).is_file()), None)
    with reading(f"A file of the tokenizer files in {folder}", problem="cannot be read"):
        for path in (whole, vocab):
            if path.is_file():
                read_json(path)  # no key twice: the package takes the last
        if whole.is_file():
            return _words(tokenizers.Tokenizer.from_file(str(whole)), [whole])
        if vocab.is_file() and merges.is_file():
            read = tokenizers.models.BPE.read_file(str(vocab), str(merges))
            return _words(_tokenizer(*read), [vocab, merges])
        if bpe is not None:
            return _words(_tokenizer(*_read_bpe(bpe)), [bpe])
    raise InputError(
        f"{folder} holds no tokenizer: put {TOKENIZER[0]}, {' and '.join(TOKENIZER[1:])}, or "
        f"{BPE[0]} beside the weights."
    )


def _words(tokenizer: Any, files: list[Path]) -> ClipWords:
    tokenizer.no_padding()
    tokenizer.no_truncation()
    ends = [tokenizer.token_to_id(name) for name in _ENDS]
    if None in ends:
        raise InputError(f"{files[0]} is not a tokenizer of CLIP: it has no {' or '.join(_ENDS)}.")
    return ClipWords(tokenizer, (ends[0], ends[1]), files)


def _tokenizer(vocab: Mapping[str, int], merges: Sequence[tuple[str, str]]) -> Any:
    t = needed("tokenizers", "clip")
    model = t.models.BPE(
        dict(vocab), list(merges), end_of_word_suffix="</w>", unk_token=_ENDS[1], fuse_unk=False
    )
    tokenizer = t.Tokenizer(model)
    normalizers, before = t.normalizers, t.pre_tokenizers
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(t.Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    split = before.Split(t.Regex(_PIECES), behavior="removed", invert=True)
    tokenizer.pre_tokenizer = before.Sequence([split, before.ByteLevel(add_prefix_space=False)])
    return tokenizer


def _read_bpe(path: Path) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Return vocabulary and merges: bytes, bytes that end a word, merges, SOT, EOT."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        data = stream.read(MOST_BPE + 1)
    if len(data) > MOST_BPE:
        raise ValueError(f"more than {MOST_BPE:,} bytes")
    text = data.decode("utf-8")
    lines = [line.split() for line in text.split("\n", MERGES + 1)[1 : MERGES + 1] if line]
    merges = [(line[0], line[1]) for line in lines]
    letters = _byte_letters()
    joined = ["".join(pair) for pair in merges]
    words = [*letters, *(f"{letter}</w>" for letter in letters), *joined, *_ENDS]
    return {word: place for place, word in enumerate(words)}, merges


def _byte_letters() -> list[str]:
    """Return the 256 letters that stand for bytes: those that can be printed, then the others."""
    printed = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(byte) for byte in printed] + [chr(256 + i) for i in range(256 - len(printed))]
