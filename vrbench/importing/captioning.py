"""The files of captions beside arrays, and what they say of the texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.rows import Row, caption_rows
from vrbench.datasets.table import without_ending
from vrbench.errors import InputError
from vrbench.importing.captions import Texts, joined
from vrbench.importing.given import Given
from vrbench.importing.naming import Named
from vrbench.importing.tree import Tree
from vrbench.runtime.composed import composed


@dataclass(frozen=True)
class Captions:
    """The rows of a file of captions.

    Attributes:
        rows: in its order.
        path: the file.
        prefix: ``""``, or ``"bank_"`` for the bank.
        asked: whether it was given, not found beside the arrays: then it has to fit.
    """

    rows: Sequence[Row]
    path: Path
    prefix: str
    asked: bool

    def join(self, arrays: dict[str, Any], where: str) -> tuple[list[str], list[str]]:
        """Add captions, and the names that come with them, in place.

        Returns:
            Notes, and those that belong to every result on these data.

        Raises:
            InputError: they do not fit.
        """
        p, texts = self.prefix, self._texts(arrays, where)
        if texts is None or (not self.asked and (f"{p}captions" in arrays or texts.linked)):
            return [], []
        if f"{p}captions" in arrays:
            raise InputError(f"{where} holds captions, and so does {self.path}: give one of them.")
        if texts.names is None and not self.asked:
            return [f"{self.path} is not read, as texts have no names: see --captions."], []
        if texts.videos is None and not self.asked:
            return [], []
        found = joined(texts, self.rows, self.path.name, strict=self.asked)
        arrays |= {f"{p}{name}": array for name, array in found.items()}
        left = len(self.rows) - texts.n if f"{p}captions" in arrays else 0
        few = f"{left:,} of {len(self.rows):,} captions in {self.path.name} are not used."
        if texts.names is not None:
            return [], [few] if left else []
        rows = "texts and videos are" if f"{p}video_ids" in found else "texts are"
        return [], [f"Without names, {rows} those of {self.path.name} by place, row i its row i."]

    def _texts(self, arrays: Mapping[str, Any], where: str) -> Texts | None:
        """Return what is known of the texts; None where there are none."""
        text, video = (size_of(arrays, f"{self.prefix}{side}") for side in ("text", "video"))
        names, videos = (_names(arrays, f"{self.prefix}{side}_ids") for side in ("text", "video"))
        if text is None:
            return None
        linked = f"{self.prefix}text_video" in arrays
        lengths = _lengths(arrays, f"{self.prefix}text", text)
        return Texts(text, names, videos, video or 0, linked, where, lengths)


def captions_given(given: Given, found: Sequence[tuple[Tree, Named]]) -> Iterator[Captions]:
    """Yield the captions that are given, or lie beside the arrays or between them.

    Raises:
        InputError: a file of captions is missing or malformed.
    """
    if given.captions is not None:
        yield Captions(caption_rows(given.captions, given.keys), given.captions, "", True)
    for tree, one in found:
        for prefix, path in tree.captions.items():
            if prefix or given.captions is None:
                yield Captions(caption_rows(path, given.keys), path, prefix, False)
        if one.captions is not None and given.captions is None:
            yield Captions(_rows(one.captions), Path(one.captions.path), "", False)


def _rows(captions: Tree) -> list[Row]:
    texts = ((name, str(np.asarray(text))) for name, text in captions.parts.items())
    return [Row(without_ending(composed(name)), text.strip()) for name, text in texts]


def _names(arrays: Mapping[str, Any], name: str) -> NDArray[Any] | None:
    ids = arrays.get(name)
    if ids is None or ids.ndim != 1 or ids.dtype.kind not in "USTiu":
        return None  # of another type: refused where sides are read
    return np.array([str(one) for one in ids.tolist()], dtype=np.dtypes.StringDType())


def _lengths(arrays: Mapping[str, Any], side: str, n: int) -> NDArray[Any] | None:
    """Return the (n,) tokens of each item; None: each is one vector, or they are unsound."""
    offsets, mask = (np.asarray(arrays.get(f"{side}_{part}")) for part in ("offsets", "mask"))
    if offsets.shape == (n + 1,) and offsets.dtype.kind in "iu":
        return np.diff(offsets)
    known = mask.ndim == 2 and len(mask) == n and mask.dtype.kind in "biu"
    return mask.sum(axis=1) if known else None


def size_of(arrays: Mapping[str, Any], side: str) -> int | None:
    """Return how many items a side has; None where it has none, or that is not known yet."""
    if f"{side}_offsets" in arrays:
        return int(arrays[f"{side}_offsets"].size) - 1
    image = (side.replace("video", "image"),) if side.endswith("video") else ()
    for name in (f"{side}_ids", side, *image, f"{side}_tokens", f"{side}_global"):
        if name in arrays and arrays[name].ndim:
            return int(arrays[name].shape[0])
    return None
