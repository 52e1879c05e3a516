"""Joining a file of captions with the texts that they are of: by name, else by place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.rows import Row
from vrbench.datasets.table import text_without_ending
from vrbench.errors import InputError
from vrbench.features.pairing import FORMS, readings

STRING = np.dtypes.StringDType()


@dataclass(frozen=True)
class Texts:
    """What a source says of its texts.

    Attributes:
        n: how many there are.
        names: (n,) their ids; None: they have none.
        videos: (m,) ids of the videos; None: they have none.
        n_video: how many videos there are.
        linked: whether it is said already which video each text belongs to.
        where: the source, for messages.
        lengths: (n,) their tokens; None: each is one vector.
    """

    n: int
    names: NDArray[Any] | None
    videos: NDArray[Any] | None
    n_video: int
    linked: bool
    where: str
    lengths: NDArray[Any] | None = None


def joined(texts: Texts, rows: Sequence[Row], where: str, *, strict: bool = True) -> dict[str, Any]:
    """Return the ``captions`` of texts, and ``text_ids``, ``text_video``, ``video_ids`` from there.

    Texts with names are found by their own ids in the file, or by those of their videos, as in
    ``vrbench.features.pairing.FORMS``. Texts without names are the rows of the file, in its order,
    and so are videos without names where each has one caption. ``text_video`` holds names.

    Args:
        texts: the texts.
        rows: of the file.
        where: the file, for messages.
        strict: whether names that cannot be read are refused, not left without captions.

    Raises:
        InputError: a text has no caption, it is not known which, or tokens of texts are captions.
    """
    if texts.names is None:
        return _by_place(texts, rows, where)
    names = [str(name) for name in texts.names.tolist()]
    own = _by_id(rows, names)
    if all(len(own.get(name, ())) == 1 for name in names):
        found: dict[str, Any] = {"captions": _strings(own[name][0].text for name in names)}
        known = texts.videos is not None and not texts.linked
        return found | ({"text_video": _strings(own[n][0].video for n in names)} if known else {})
    by_video: dict[str, list[str]] = {}
    for row in rows:
        by_video.setdefault(row.video, []).append(row.text)
    _check_tokens(texts, names, by_video, where)
    videos = list(by_video) if texts.videos is None else [str(v) for v in texts.videos.tolist()]
    captions = captions_of(texts.where, texts.names, videos, by_video, where)
    if captions is None and not strict:
        return {}
    if captions is None:
        twice = next((name for name in names if len(own.get(name, ())) > 1), None)
        if twice is not None:
            raise InputError(
                f"{where} holds text '{twice}' {len(own[twice])} times: leave one of its rows."
            )
        lacking = next((name for name in names if name not in own), names[0])
        raise InputError(
            f"{texts.where} names texts that {where} does not, the first is '{lacking}': name "
            f"each text {FORMS}, or give the names of captions in a column text_id."
        )
    return {"captions": captions}


def _by_id(rows: Sequence[Row], names: Sequence[str]) -> dict[str, list[Row]]:
    """Return the rows of each id, without the endings of files where only so all names are ids."""
    exact: dict[str, list[Row]] = {}
    short: dict[str, list[Row]] = {}
    for row in rows:
        if row.id is not None:
            exact.setdefault(row.id, []).append(row)
            short.setdefault(text_without_ending(row.id), []).append(row)
    return short if short.keys() >= set(names) and not exact.keys() >= set(names) else exact


def _check_tokens(
    texts: Texts, names: Sequence[str], captions: Mapping[str, Sequence[str]], where: str
) -> None:
    """Refuse texts whose tokens are the captions of their videos, as far as numbers tell."""
    counts = [len(captions.get(name, ())) for name in names]
    if texts.lengths is None or texts.lengths.tolist() != counts or max(counts) < 2:
        return
    most = int(np.argmax(counts))
    raise InputError(
        f"{texts.where} gives each text as many tokens as {where} has captions of its video, "
        f"{counts[most]} of '{names[most]}': if they are captions, name each {names[most]}#0, "
        f"{names[most]}#1, ..., or give an array with a row for each row of {where}; if they are "
        f"tokens of one caption, name the text {names[most]}#0."
    )


def _by_place(texts: Texts, rows: Sequence[Row], where: str) -> dict[str, Any]:
    if len(rows) != texts.n:
        raise InputError(
            f"{where} has {len(rows):,} captions, and {texts.where} {texts.n:,} texts without "
            f"names: name each text {FORMS}, in text_ids."
        )
    counted: Counter[str] = Counter()
    names = []
    for row in rows:
        names.append(f"{row.video}#{counted[row.video]}")
        counted[row.video] += 1
    found = {"captions": _strings(row.text for row in rows), "text_ids": _strings(names)}
    if texts.linked:
        return found if texts.videos is not None else {"captions": found["captions"]}
    if texts.videos is None and not len(counted) == len(rows) == texts.n_video:
        raise InputError(
            f"{where} names {len(counted):,} videos in {len(rows):,} rows, and {texts.where} has "
            f"{texts.n_video:,} videos without names: name them, in video_ids."
        )
    if texts.videos is None:
        found["video_ids"] = _strings(counted)
    return found | {"text_video": _strings(row.video for row in rows)}


def captions_of(
    source: str,
    names: NDArray[Any],
    videos: Sequence[str],
    captions: Mapping[str, Sequence[str]],
    where: str,
) -> NDArray[Any] | None:
    """(n,) the captions of texts that are named after videos; None where a name cannot be read.

    Args:
        source: that names the texts, for messages.
        names: (n,) ids of texts, as in ``vrbench.features.pairing.FORMS``, k counted from 0; a text
            that has its video's name is the first caption of it.
        videos: (m,) ids.
        captions: the captions of each video.
        where: they are from, for messages.

    Raises:
        InputError: a video has no such caption, two texts are the same one, or k counts from 1.
    """
    found = readings(names, list(videos))
    if any(len(ways) != 1 for ways in found):
        return None
    texts: dict[tuple[str, int], str] = {}
    for name, (way,) in zip(names.tolist(), found, strict=True):
        key, known = (way.owner, way.k or 0), captions.get(way.owner, ())
        if key[1] >= len(known):
            raise InputError(
                f"{source}: '{name}' is caption {key[1]} (counted from 0) of video '{way.owner}', "
                f"but {where} has {len(known)} captions of that video."
            )
        if key in texts:
            raise InputError(f"{source}: '{name}' is caption {key[1]} of its video a second time.")
        texts[key] = known[key[1]]
    first = min(way.k or 0 for (way,) in found)
    if first > 0:
        raise InputError(
            f"{source} numbers the captions of a video from {first}, but {where} is counted "
            "from 0: name the first one <video id>#0."
        )
    return _strings(texts.values())


def _strings(values: Any) -> NDArray[Any]:
    return np.array(list(values), dtype=STRING)
