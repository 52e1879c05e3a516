"""Streams of a video: its own tokens, and those of its sound in ``/audio``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine.driver import global_vectors
from vrbench.alignments.wti import STORED
from vrbench.errors import InputError
from vrbench.features import Features, Tokens
from vrbench.features.selected import Stacked, select
from vrbench.features.tokens import FRAME_LEVEL, is_numbers, offsets_of


def with_side(features: Features, side: str) -> Features:
    """Return features whose videos are one of their streams or both, the bank's videos too.

    ``video+audio`` is for means: the global of an item is the mean of its video's and its audio's
    globals, each scaled to length 1 where cosines are scored (Preserving Modality Structure,
    section 1.1: "we average the representations from video and audio"; whether they are scaled is
    open there). Its tokens are those of both, frames first, with the numbers that both have of
    theirs, such as weights; a note says where only one has weights. A video without audio is its
    video alone, which a note says. A bank of videos without audio is left out.

    Args:
        features: a file with ``/audio``, unless ``side`` is ``video``.
        side: ``video``, ``audio`` or ``video+audio``.

    Raises:
        InputError: the file has no audio, or of another width; with ``audio`` alone, a video has
            none.
    """
    if side == "video":
        return features
    audio = features.audio
    if audio is None:
        raise InputError(
            f"{features.path} has no /audio for --side {side}: import audio_tokens or audio "
            "beside video."
        )
    notes: list[str] = []
    video = _streams(features.video, audio, side, notes)
    bank = None
    if features.bank_video is not None and features.bank_audio is not None:
        bank = _streams(features.bank_video, features.bank_audio, side, notes)
    data_notes = (*features.data_notes, *notes)
    return replace(features, video=video, bank_video=bank, data_notes=data_notes)


def _streams(video: Tokens, audio: Tokens, side: str, notes: list[str]) -> Tokens:
    if video.dim != audio.dim:
        raise InputError(
            f"{audio.name} is {audio.dim} wide and {video.name} {video.dim}: bring both into one "
            "space first."
        )
    row = {name: i for i, name in enumerate(audio.ids.tolist())}
    rows = np.array([row.get(name, -1) for name in video.ids.tolist()], dtype=np.int64)
    silent = int((rows < 0).sum())
    if silent and side == "audio":
        raise InputError(
            f"Item '{video.ids[int(np.argmin(rows))]}' of {video.name} and {silent - 1} others "
            "have no audio: name those that have it in --limit-ids, or use --side video+audio."
        )
    if side == "audio":
        sound = audio.select(rows)
        return replace(sound, item_columns=video.item_columns)
    if silent:
        notes.append(
            f"{silent:,} of {len(rows):,} items of {video.name} have no audio: they are their "
            "video alone."
        )
    weighted = [side.name for side in (video, audio) if STORED in side.token_columns]
    if len(weighted) == 1:
        notes.append(
            f"Only {weighted[0]} has weights of its tokens ({STORED}): the tokens of both streams "
            "are not weighted by it."
        )
    return _both(video, audio, rows)


def _both(video: Tokens, audio: Tokens, rows: NDArray[np.int64]) -> Tokens:
    """Return items of the tokens of both; ``rows`` (n,) says which audio a video has, or -1."""
    heard = rows >= 0
    more = np.where(heard, audio.lengths[rows], 0)
    offsets = offsets_of(video.lengths + more)
    start = len(video.tokens) + audio.offsets[rows]
    parts = zip(video.offsets[:-1], video.lengths, start, more, strict=True)
    order = [np.r_[a : a + n, b : b + m] for a, n, b, m in parts]
    stacked: Any = Stacked(video.tokens, audio.tokens)
    if isinstance(video.tokens, np.ndarray) and isinstance(audio.tokens, np.ndarray):
        stacked = stacked[0 : len(stacked)]
    return replace(
        video,
        tokens=select(stacked, np.concatenate(order)),
        offsets=offsets,
        global_vectors=_means(video, audio, rows),
        token_columns={
            name: values[np.concatenate(order)] for name, values in _columns(video, audio).items()
        },
    )


def _columns(video: Tokens, audio: Tokens) -> dict[str, NDArray[Any]]:
    """Return the numbers that tokens of both have, the video's first; all sound is of frames."""
    found = {}
    for name, ours in video.token_columns.items():
        theirs = audio.token_columns.get(name)
        if name == "level":
            theirs = np.full(len(audio.tokens), FRAME_LEVEL, dtype=ours.dtype)
        if theirs is not None and is_numbers(ours) and is_numbers(theirs):
            found[name] = np.concatenate([ours[:], theirs[:]])
    return found


def _means(video: Tokens, audio: Tokens, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, d) the mean of both globals, or the video's where there is no audio."""
    seen, sound = global_vectors(video), global_vectors(audio)
    heard = (rows >= 0)[:, None]
    return np.where(heard, (seen + sound[rows]) / 2, seen)
