"""Captions as the ids that a text tower takes, with what each of them stands for."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.encoders.hf.families import INSTRUCTION, Family
from vrbench.encoders.hf.folder import Folder
from vrbench.encoders.hf.loading import EXTRA
from vrbench.encoders.prompts import PLACE
from vrbench.errors import InputError
from vrbench.runtime.extras import needed
from vrbench.runtime.inputs import reading

WORD, SPECIAL, AROUND, PADDING = range(4)
"""Kinds of pieces: of the caption, added by the tokenizer, of the prompt, filled up."""
ENDLESS = 1_000_000
"""Stands for no limit: tokenizers without one give a number beyond it."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """A caption, cut into pieces.

    Attributes:
        ids: (l,) of the tokenizer.
        names: (l,) the words, or the tokenizer's names of special pieces.
        kinds: (l,) ``WORD``, ``SPECIAL``, ``AROUND`` or ``PADDING``.
        cut: pieces of the caption beyond the limit.
    """

    ids: list[int]
    names: list[str]
    kinds: NDArray[np.int64]
    cut: int


class Words:
    """A tokenizer with prompt, limit and padding.

    Attributes:
        limit: most pieces, special ones and those of the prompt included.
        fill: to how many pieces captions are filled up; 0: they are not.
        side: on which side, ``left`` or ``right``.
        around: what stands around a caption, before and after.

    Raises:
        InputError: the tokenizer cannot be read, has ids that the model does not know, or the
            prompt leaves no place.
    """

    def __init__(
        self, folder: Folder, config: Any, family: Family, around: tuple[str, str]
    ) -> None:
        self.path = folder.path
        self.around = around
        self._lock = Lock()
        transformers = needed("transformers", EXTRA)
        with reading(
            f"The tokenizer in {folder.path}",
            "put the one that belongs to the weights beside them",
            "cannot be read",
        ):
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(
                folder.path, config=config, local_files_only=True, trust_remote_code=False
            )
            text = config.get_text_config()
            places = places_of(text, family)
            own = int(min(self.tokenizer.model_max_length, ENDLESS))
            largest = max(self.tokenizer.get_vocab().values(), default=0)
        self.limit = min(places, own)
        self.fill = places if family.padded else 0
        self.side = str(self.tokenizer.padding_side)
        if largest >= text.vocab_size:
            raise InputError(
                f"The tokenizer in {folder.path} has the id {largest}, but the model knows only "
                f"{text.vocab_size}: put the tokenizer that belongs to the weights beside them."
            )
        if family.padded and self.tokenizer.pad_token_id is None:
            raise InputError(
                f"The tokenizer in {folder.path} has no pad_token, and {family.name} needs "
                "captions filled up: name it in tokenizer_config.json."
            )

    def limit_to(self, most: int) -> None:
        """Lower the limit; 0 leaves it.

        Raises:
            InputError: the model has fewer places.
        """
        if most > self.limit:
            raise InputError(
                f"max_words is {most}, but the text tower in {self.path} takes only {self.limit} "
                "pieces: lower it."
            )
        self.limit = most or self.limit

    def __call__(self, caption: str) -> Pieces:
        """Cut a caption into pieces, as many as the limit leaves of it."""
        before, after = self.around
        text = f"{before}{caption}{after}"
        found, names, spans = self._encoded(text)
        kinds = np.full(len(found["input_ids"]), WORD)
        if self.around != ("", "") and spans is not None:
            stop = len(before) + len(caption)
            inside = [a < stop and b > len(before) for a, b in spans]
            kinds[~np.array(inside, dtype=bool)] = AROUND
        kinds[np.array(found["special_tokens_mask"], dtype=bool)] = SPECIAL
        ids = list(found["input_ids"])
        kept, cut = self._kept(kinds)
        ids, names, kinds = [ids[i] for i in kept], [names[i] for i in kept], kinds[kept]
        return self._filled(Pieces(ids, names, kinds, cut))

    def _filled(self, pieces: Pieces) -> Pieces:
        """Return a caption filled up, on the side that the tokenizer names."""
        spare = max(0, self.fill - len(pieces.ids))
        ids, names = [self.tokenizer.pad_token_id] * spare, [str(self.tokenizer.pad_token)] * spare
        kinds = np.full(spare, PADDING)
        if self.side == "left":
            ids, names = ids + pieces.ids, names + pieces.names
            return Pieces(ids, names, np.concatenate([kinds, pieces.kinds]), pieces.cut)
        ids, names = pieces.ids + ids, pieces.names + names
        return Pieces(ids, names, np.concatenate([pieces.kinds, kinds]), pieces.cut)

    def ids_of(self, content: str) -> list[int]:
        """Return the ids of something else than a caption, between what stands around one."""
        before, after = self.around
        return list(self._encoded(f"{before}{content}{after}")[0]["input_ids"])

    def _kept(self, kinds: NDArray[np.int64]) -> tuple[list[int], int]:
        """Return the pieces to keep, and how many words at the end of the caption are cut off."""
        cut = max(0, len(kinds) - self.limit)
        words = np.flatnonzero(kinds == WORD)
        if cut and cut >= len(words):
            raise InputError(
                f"Prompt and instruction leave no place for a caption in the {self.limit} pieces "
                f"that the text tower in {self.path} takes: shorten them."
            )
        lost = set(words[len(words) - cut :].tolist())
        return [i for i in range(len(kinds)) if i not in lost], cut

    def _encoded(self, text: str) -> tuple[Any, list[str], list[tuple[int, int]] | None]:
        """Return the tokenizer's output, a name for each piece, and where each stands in ``text``.

        Tokenizers in Python do not say the places.
        """
        known = bool(self.tokenizer.is_fast)
        with (
            self._lock,  # libraries set their limits anew at each call
            reading(
                f"The tokenizer in {self.path}", "give another tokenizer", f"cannot cut {text!r}"
            ),
        ):
            found = self.tokenizer(
                text,
                return_special_tokens_mask=True,
                return_offsets_mapping=known,
                truncation=False,
                padding=False,
                verbose=False,
            )
            names = list(self.tokenizer.convert_ids_to_tokens(found["input_ids"]))
        if not known:
            return found, [str(name).strip("▁") or str(name) for name in names], None
        spans = [(int(a), int(b)) for a, b in found["offset_mapping"]]
        said = [text[a:b].strip() or str(name) for (a, b), name in zip(spans, names, strict=True)]
        return found, said, spans


def places_of(text: Any, family: Family) -> int:
    """Return how many pieces the text tower with this config has places for."""
    places = int(getattr(text, "max_position_embeddings", ENDLESS))
    # RoBERTa counts places from the one after its padding
    rest = text.pad_token_id + 1 if family.name == "AltCLIP" or "roberta" in text.model_type else 0
    return places - int(rest)


def around(family: Family, prompt: str, instruction: str | None) -> tuple[str, str]:
    """Return what stands before and after a caption.

    Raises:
        InputError: the family takes no instruction.
    """
    before, _, after = prompt.partition(PLACE)
    if not family.template:
        if instruction is not None:
            raise InputError(
                f"{family.name} takes no instruction: leave it out, or write prompt=... {{}}."
            )
        return before, after
    whole = family.template.replace("{instruction}", instruction or INSTRUCTION)
    first, _, last = whole.partition("{caption}")
    return first + before, after + last
