"""Further streams of videos: their sound, and a second visual one beside the first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.selected import Selected
from vrbench.features.tokens import Tokens, offsets_of
from vrbench.importing.side import read_side
from vrbench.importing.typed import TypedArrays

SECOND = "video2"
"""Name of the second visual stream."""


def audio_of(arrays: TypedArrays, prefix: str, video: Tokens | None) -> Tokens | None:
    """Return the sound of videos, named like them, or None where there is none.

    Args:
        arrays: all arrays of the source.
        prefix: ``""``, or ``"bank_"`` for the bank.
        video: the videos; some may have no sound.

    Raises:
        InputError: an item is the sound of no video, or it is not known of which.
    """
    audio = read_side(arrays, prefix, "audio")
    if audio is None:
        return None
    if video is None:
        arrays.refuse(f"holds {prefix}audio but no {prefix}video whose sound it is")
    if f"{prefix}audio_ids" not in arrays:
        _check_rows(arrays, prefix, "audio", audio, video)
        return replace(audio, ids=video.ids)
    unknown = ~np.isin(audio.ids, video.ids)
    if unknown.any():
        name = audio.ids[int(np.argmax(unknown))]
        arrays.refuse(
            f"names '{name}' in {prefix}audio_ids, which is no id of {prefix}video_ids: name each "
            "item like the video whose sound it is"
        )
    return audio


def with_second(arrays: TypedArrays, prefix: str, video: Tokens) -> Tokens:
    """Return videos whose tokens are those of both visual streams, side by side.

    Of each video the stream with fewer tokens is upsampled to the number of the other one by
    nearest neighbours: token j of L is token floor(j l / L) of l, as PyTorch's ``nearest`` does
    (Preserving Modality Structure, section 5: 2D features at 1 a second beside 3D features at 1.5).
    Numbers stay as they are, so that the longer vectors of the two weigh more.

    Raises:
        InputError: the streams are not of the same videos, or only one has global vectors.
    """
    second = read_side(arrays, prefix, SECOND)
    if second is None:
        return video
    if f"{prefix}video_level" in arrays or f"{prefix}{SECOND}_level" in arrays:
        arrays.refuse(f"holds {prefix}{SECOND} beside levels: patches have no place in time")
    if f"{prefix}video_weight" in arrays or f"{prefix}{SECOND}_weight" in arrays:
        arrays.refuse(f"holds {prefix}{SECOND} beside weights, which tokens of both do not have")
    if f"{prefix}{SECOND}_ids" in arrays:
        second = _in_order(arrays, prefix, second, video)
    else:
        _check_rows(arrays, prefix, SECOND, second, video)
    if (video.global_vectors is None) != (second.global_vectors is None):
        arrays.refuse(
            f"has global vectors of {prefix}video or of {prefix}{SECOND} alone: give both or none"
        )
    lengths = np.maximum(video.lengths, second.lengths)
    vectors = None
    if video.global_vectors is not None:
        vectors = np.concatenate([video.global_vectors, second.global_vectors], axis=1)
    rows = [Selected(one.tokens, _nearest(one, lengths)) for one in (video, second)]
    return replace(
        video, tokens=SideBySide(*rows), offsets=offsets_of(lengths), global_vectors=vectors
    )


class SideBySide:
    """The rows of two arrays of equal length, joined to longer rows; read by slice.

    Args:
        first: (n, d).
        second: (n, e).
    """

    ndim = 2

    def __init__(self, first: Any, second: Any) -> None:
        self._parts = (first, second)
        self.shape = (len(first), first.shape[1] + second.shape[1])
        self.dtype: np.dtype[Any] = np.result_type(first.dtype, second.dtype)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        return np.concatenate([part[rows] for part in self._parts], axis=1)


def _nearest(items: Tokens, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """(sum L,) row of the token that stands at each place, where item i gets lengths[i] places."""
    ends = offsets_of(lengths)
    place = np.arange(ends[-1]) - np.repeat(ends[:-1], lengths)
    step = place * np.repeat(items.lengths, lengths) // np.repeat(lengths, lengths)
    rows: NDArray[np.int64] = np.repeat(items.offsets[:-1], lengths) + step
    return rows


def _in_order(arrays: TypedArrays, prefix: str, second: Tokens, video: Tokens) -> Tokens:
    if f"{prefix}video_ids" not in arrays:
        arrays.refuse(
            f"holds {prefix}{SECOND}_ids but no {prefix}video_ids: name the rows of both, or of "
            "none"
        )
    row = {name: i for i, name in enumerate(second.ids.tolist())}
    missing = [name for name in video.ids.tolist() if name not in row]
    if missing or len(second) != len(video):
        more = next((n for n in second.ids.tolist() if n not in set(video.ids.tolist())), None)
        item = f"has no '{missing[0]}'" if missing else f"has '{more}', which {prefix}video lacks"
        arrays.refuse(f"{item} in {prefix}{SECOND}_ids: both visual streams need the same videos")
    return second.select([row[name] for name in video.ids.tolist()])


def _check_rows(arrays: TypedArrays, prefix: str, name: str, items: Tokens, video: Tokens) -> None:
    """Refuse rows that cannot be paired by place."""
    key = prefix + name
    if f"{prefix}video_ids" in arrays:
        arrays.refuse(f"names its videos but not the rows of {key}: name them alike in {key}_ids")
    if len(items) != len(video):
        arrays.refuse(
            f"holds {len(items)} {key} and {len(video)} {prefix}video items: give {key}_ids and "
            f"{prefix}video_ids"
        )
