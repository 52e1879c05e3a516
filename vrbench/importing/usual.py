"""The names of the interface, and the usual names of others for the same arrays."""

from __future__ import annotations

import re
from typing import Any

from vrbench.importing.tree import Tree

SIDES = ("video", "text", "audio", "video2")
DUMPS = tuple(prefix + side for prefix in ("", "bank_") for side in SIDES)
"""Sides that may be given as items by id."""

_SUFFIXES = ("", "_tokens", "_offsets", "_mask", "_global", "_ids")
COLUMNS = ("sequence", "position", "start", "end", "label")
"""Optional columns of items: their long video, place, seconds and class."""

NAMES = tuple(
    prefix + name
    for prefix in ("", "bank_")
    for name in (
        *(f"{side}{suffix}" for side in SIDES for suffix in _SUFFIXES),
        *(f"{side}_{column}" for side in ("video", "text") for column in COLUMNS),
        "image",
        "video_level",
        "video_weight",
        "text_weight",
        "text_video",
        "captions",
    )
)
"""Every name that is read."""

_WORDS = {
    "video": "videos? vids? visual",
    "image": "images? imgs?",
    "text": "texts? txt captions? sentences? quer(?:y|ies) desc",
    "audio": "audios?",
}
_PARTS = {
    "": "embeddings? embeds? embs? features? feats? vectors? vecs?",
    "ids": "ids? names? keys?",
    "tokens": "tokens",
    "offsets": "offsets",
    "mask": "masks? attention_mask",
    "global": "global pooled",
    "level": "level",
    "weight": "weights?",
}


def _either(words: str) -> str:
    return "|".join(words.split())


_SIDE = "|".join(f"(?P<{side}>{_either(words)})" for side, words in _WORDS.items())
_PART = "|".join(f"(?P<p_{part}>{_either(words)})" for part, words in _PARTS.items())
_USUAL = re.compile(rf"(?P<bank>bank_)?(?:{_SIDE})(?:_(?:{_PART}))?", re.IGNORECASE)
_ALONE = re.compile(_PART, re.IGNORECASE)


def side_of(name: str) -> str | None:
    """Return the side whose items a folder or group of this name holds; None: of no side."""
    if name in DUMPS:
        return name
    found = _USUAL.fullmatch(name)
    if found is None or _part(found) not in (None, ""):
        return None
    side = _word(found)
    return f"{found['bank'] or ''}{'video' if side == 'image' else side}"


def part_of(name: str) -> str | None:
    """Return what an array of one item or side is: ``""`` vectors, ``ids``, ``mask``, ..."""
    found = _ALONE.fullmatch(name)
    return _part(found) if found else None


def own_name(name: str, part: Any) -> str | None:
    """Return the name that the interface has for an array; None: it is not known."""
    if name in NAMES and not (name == "text" and is_text(part)):
        return name
    found = _USUAL.fullmatch(name.replace("-", "_"))
    if found is None:
        return None
    bank, side, what = found["bank"] or "", _word(found), _part(found)
    if not what and is_text(part):
        return f"{bank}captions" if side == "text" else f"{bank}video_ids"
    if not what:
        return f"{bank}{side}"
    return f"{bank}{'video' if side == 'image' else side}_{what}"


def name_of_side(name: str, part: Any, side: str) -> str | None:
    """Return the interface's name for an array in a file of one side; None: it is not of it.

    Beside texts, names of videos say which video each text belongs to.
    """
    what = part_of(name)
    if what is not None:
        return f"{side}_{what}" if what else side
    ours = own_name(name, part)
    if side == "text" and ours == "video_ids":
        return "text_video"
    known = ("text", "captions") if side == "text" else ("video", "image")
    # video2 is a second stream beside others, but among items MSR-VTT's third video
    second = ours is not None and ours.startswith("video2")
    return ours if ours and ours.startswith(known) and not second else None


def is_text(part: Any) -> bool:
    """Whether an array holds strings."""
    return not isinstance(part, Tree) and part.dtype.kind in "UST"


def _word(found: re.Match[str]) -> str:
    return next(side for side in _WORDS if found[side])


def _part(found: re.Match[str]) -> str | None:
    return next((part for part in _PARTS if found[f"p_{part}"]), None)
