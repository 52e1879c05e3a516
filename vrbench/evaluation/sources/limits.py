"""Some videos of a file with their texts: ``--limit`` and ``--limit-ids``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.evaluation.settings import Settings
from vrbench.features import Features
from vrbench.runtime.composed import found_among
from vrbench.sequences.engine.grouping import group_tokens
from vrbench.sims.file import SimFile
from vrbench.sims.limiting import limit_sims
from vrbench.sims.sim import Sim


def limit_rows(
    features: Features,
    limit: int | None,
    ids: Sequence[str] | None,
    *,
    whole_sequences: bool = False,
) -> Features:
    """Keep the first ``limit`` videos, or those with these ids in file order, with their texts.

    Args:
        features: the file.
        limit: how many; None: all.
        ids: which; None: any.
        whole_sequences: videos are long videos, named by the column ``sequence`` of their clips.

    Raises:
        InputError: an id is not in the file, or nothing is left.
    """
    names = np.array([str(name) for name in features.video.ids])
    if whole_sequences:
        clips = group_tokens(features.video)
        names = clips.ids[clips.item]
    limited = features.limited(_chosen(names, limit, ids, features.path))
    if not len(limited.video) or not len(limited.text):
        raise _nothing_left(features.path)
    return limited


def limit_similarities(file: SimFile, settings: Settings, *, whole_sequences: bool) -> SimFile:
    """The same of a similarity file; long videos are named by the sequence of their columns."""
    named = file.sequences.get("video_sequence") if whole_sequences else None
    names = file.video_ids if named is None else np.array([str(name) for name in named])
    videos = _chosen(names, settings.limit, settings.limit_ids, file.path)
    if not np.isin(file.truth.video, videos).any():
        raise _nothing_left(file.path)
    return limit_sims(file, videos)


def last_of_bank(features: Features, limit: int | None) -> Features:
    """Keep the last ``limit`` bank texts and bank videos; None: all of them.

    Which bank video a text belongs to is known no more where one of them is cut off.
    """
    if limit is None:
        return features
    text, video = features.bank_text, features.bank_video
    if text is not None and len(text) > limit:
        text = text.select(np.arange(len(text) - limit, len(text)))
    first = 0
    if video is not None and len(video) > limit:
        first = len(video) - limit
        video = video.select(np.arange(first, len(video)))
    if text is not None and text.video is not None:
        owner = text.video - first
        columns = {k: v for k, v in text.item_columns.items() if k != "video"}
        kept = {"video": owner} if (owner >= 0).all() else {}
        text = replace(text, item_columns={**columns, **kept})
    return replace(features, bank_text=text, bank_video=video)


def last_of_similar_bank(file: SimFile, limit: int | None) -> SimFile:
    """Keep the last ``limit`` bank texts and bank videos of a similarity file; None: all of them.

    What stands beside the bank, its pairs and the bank against itself, goes with what is cut off.
    """
    if limit is None or file.bank is None:
        return file
    t2v, v2t = file.bank.t2v, file.bank.v2t
    rows = None if t2v is None else np.asarray(t2v)[..., -limit:, :]
    columns = None if v2t is None else np.asarray(v2t)[..., -limit:]
    ids = {"bank_text_ids", "bank_video_ids"}
    beside = {k: v[-limit:] if k in ids else v for k, v in file.beside.items()}
    beside = {k: v for k, v in beside.items() if k in ids or not k.startswith("bank_")}
    return replace(file, bank=Sim(rows, columns), beside=beside)


def _chosen(
    names: NDArray[Any], limit: int | None, ids: Sequence[str] | None, path: Path
) -> NDArray[np.int64]:
    """Return the items of the first ``limit`` names, or of these in the order of the file."""
    wanted = list(dict.fromkeys(names.tolist()))
    if ids is not None:
        found = found_among(ids, wanted)
        missing = [name for name, one in zip(ids, found, strict=True) if one is None]
        if missing:
            raise InputError(
                f"--limit-ids names {len(set(missing))} videos that {path} does not have, the "
                f"first is '{missing[0]}'."
            )
        wanted = [name for name in wanted if name in set(found)]
    return np.flatnonzero(np.isin(names, wanted[:limit]))


def _nothing_left(path: Path) -> InputError:
    return InputError(f"Nothing of {path} is left: no text belongs to these videos.")
