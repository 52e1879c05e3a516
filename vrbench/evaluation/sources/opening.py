"""Opening what is to be evaluated: files, limits and the bank that was asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean
from vrbench.evaluation.plan import Settings
from vrbench.evaluation.sources.base import Compute, Source
from vrbench.evaluation.sources.features import FeatureSource
from vrbench.evaluation.sources.sequences import SequenceFeatures, SequenceSims
from vrbench.evaluation.sources.sims import SimSource
from vrbench.features import Features, open_features
from vrbench.runtime.memory import set_bound
from vrbench.sequences import sequences
from vrbench.sequences.engine.grouping import group_tokens
from vrbench.sims.file import SimFile, load_sim
from vrbench.sims.limiting import limit_sims

KINDS = ("none", "train", "test", "rolling")


def open_source(
    features: Features | str | Path | None,
    from_sim: Path | None,
    bank: str | Path | None,
    compute: Compute,
    settings: Settings,
    sequence: str | None = None,
) -> tuple[str | None, Source]:
    """Return the kind of bank asked for, and the opened source.

    Args:
        features: a feature file, open or not; None with ``from_sim``.
        from_sim: a similarity file instead.
        bank: a kind of bank, ``rolling:N``, or a file; None: not asked for.
        compute: how to compute.
        settings: says which items are wanted.
        sequence: spec of a sequence alignment; then videos are long videos, of many items.

    Raises:
        InputError: a file is missing or malformed, or the bank cannot be read.
    """
    set_bound(compute.memory)
    kind, other, window = _read_bank(bank)
    along = None if sequence is None else sequences.parse(sequence)
    if from_sim is not None:
        file = load_sim(from_sim)
        if settings.limited:
            if isinstance(other, SimFile):
                raise InputError(
                    f"--limit and --limit-ids cannot cut the bank of {other.path}: its rows and "
                    "columns belong to the whole of --from-sim."
                )
            file = _limited_sims(file, settings, whole_sequences=along is not None)
        if along is not None:
            return kind, SequenceSims(file, other, window, along=along)
        return kind, SimSource(file, other, window)
    if features is None:
        raise InputError("There is nothing to evaluate: give a feature file.")
    opened = features if isinstance(features, Features) else open_features(features)
    if not opened.attrs.get("complete", True):
        raise InputError(
            f"The extraction of {opened.path} is unfinished: run the same vrbench extract again."
        )
    if settings.limited:
        opened = limit_rows(
            opened, settings.limit, settings.limit_ids, whole_sequences=along is not None
        )
    if along is not None:
        return kind, SequenceFeatures(opened, compute, other, window, along=along)
    return kind, FeatureSource(opened, compute, other, window)


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


def _limited_sims(file: SimFile, settings: Settings, *, whole_sequences: bool) -> SimFile:
    """The same of a similarity file; long videos are named by the sequence of their columns."""
    named = file.sequences.get("video_sequence") if whole_sequences else None
    names = file.video_ids if named is None else np.array([str(name) for name in named])
    videos = _chosen(names, settings.limit, settings.limit_ids, file.path)
    if not np.isin(file.truth.video, videos).any():
        raise _nothing_left(file.path)
    return limit_sims(file, videos)


def _chosen(
    names: NDArray[Any], limit: int | None, ids: Sequence[str] | None, path: Path
) -> NDArray[np.int64]:
    """Return the items of the first ``limit`` names, or of these in the order of the file."""
    wanted = list(dict.fromkeys(names.tolist()))
    if ids is not None:
        missing = sorted(set(ids) - set(wanted), key=list(ids).index)
        if missing:
            raise InputError(
                f"--limit-ids names {len(missing)} videos that {path} does not have, the first is "
                f"'{missing[0]}'."
            )
        wanted = [name for name in wanted if name in set(ids)]
    return np.flatnonzero(np.isin(names, wanted[:limit]))


def _nothing_left(path: Path) -> InputError:
    return InputError(f"Nothing of {path} is left: no text belongs to these videos.")


def _read_bank(bank: str | Path | None) -> tuple[str | None, Features | SimFile | None, int]:
    """Return kind, file and window of ``--bank``."""
    if bank is None:
        return None, None, 0
    name, _, size = str(bank).partition(":")
    if str(bank) in KINDS:
        return str(bank), None, 0
    if name == "rolling":
        if not re.fullmatch(r"[1-9]\d{0,14}", size, re.ASCII):
            raise InputError(f"Cannot read --bank {bank}: write rolling, or rolling:N with N >= 1.")
        return "rolling", None, int(size)
    if not Path(bank).is_file():
        raise InputError(
            f"Unknown bank '{bank}'.{did_you_mean(str(bank), KINDS)} Use {', '.join(KINDS)}, "
            "rolling:N or an existing feature or similarity file."
        )
    return "file", _bank_file(Path(bank)), 0


def _bank_file(path: Path) -> Features | SimFile:
    if path.suffix != ".npz":
        return open_features(path)
    file = load_sim(path)
    if file.bank is None:
        raise InputError(f"{path} holds no bank_t2v or bank_v2t to be used as the bank.")
    return file
