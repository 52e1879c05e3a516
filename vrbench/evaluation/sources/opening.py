"""Opening what is to be evaluated: files, limits and the bank that was asked for."""

from __future__ import annotations

import re
from copy import copy
from pathlib import Path
from typing import Any

from vrbench.errors import InputError, did_you_mean
from vrbench.evaluation.settings import Compute, Settings
from vrbench.evaluation.sources.base import Source
from vrbench.evaluation.sources.features import FeatureSource
from vrbench.evaluation.sources.held import HeldSims
from vrbench.evaluation.sources.learnt import Learnt
from vrbench.evaluation.sources.limits import (
    last_of_bank,
    last_of_similar_bank,
    limit_rows,
    limit_similarities,
)
from vrbench.evaluation.sources.sequence_sims import SequenceSims
from vrbench.evaluation.sources.sequences import SequenceFeatures
from vrbench.evaluation.sources.sims import SimSource
from vrbench.evaluation.sources.streams import with_side
from vrbench.features import Features, open_features
from vrbench.features.in_memory import features_of
from vrbench.features.sides import check_finished
from vrbench.heads.head import Head
from vrbench.runtime.memory import set_bound
from vrbench.sequences import SequenceAlignment, sequences
from vrbench.sims.file import SimFile, load_sim
from vrbench.sims.single import is_single_path
from vrbench.sims.truth import Truth

KINDS = ("none", "train", "test", "rolling")
HEAD = "head"
"""The bank that is the head's queue."""


def open_source(
    data: Any,
    bank: Any,
    compute: Compute,
    settings: Settings,
    sequence: str | None = None,
    text_video: Any = None,
    head: Head | None = None,
) -> tuple[str | None, Source]:
    """Return the kind of bank asked for, and the opened source.

    Args:
        data: the path of a feature file or of a similarity file (a zip archive, as npz files
            are); ``Features``; a ``SimFile``; a ``Source``; a ``Sim``, or a matrix (texts,
            videos); or a pair (text, video) of Tokens, (n, d) arrays or lists of (l, d) arrays.
        bank: a kind of bank, ``rolling:N``, or a file; None: not asked for. For similarities in
            memory also an object or dict with ``t2v`` and ``v2t``, which becomes their training
            bank; for a pair another pair.
        compute: how to compute.
        settings: says which items are wanted.
        sequence: spec of a sequence alignment; then videos are long videos, of many items.
        text_video: (n_text,) row of each text's video, for arrays; None: text i belongs to
            video i.
        head: what all sides go through.

    Raises:
        InputError: a file is missing or malformed, or the bank cannot be read.
    """
    set_bound(compute.memory)
    data, bank = _opened(data, bank, text_video)
    if bank == HEAD and not (head and head.bank):
        raise InputError("--bank head needs --head with a file that was trained with --queue.")
    if bank == HEAD and head is not None and sequence is not None:
        raise InputError(
            f"The queue of {head.name} holds single captions and clips, of no long video: give "
            "--bank train, a feature file with sequences, or leave --sequence out."
        )
    if head is not None and not isinstance(data, Features):
        raise InputError("--head reads tokens: give it a feature file, not similarities.")
    if settings.side != "video" and (head is not None or not isinstance(data, Features)):
        raise InputError(
            f"--side {settings.side} reads the streams of a feature file, and heads are trained on "
            "videos alone: leave it out, or give a feature file without --head."
        )
    kind, other, window = ("train", None, 0) if bank == HEAD else _read_bank(bank)
    along = None if sequence is None else sequences.parse(sequence)
    if isinstance(data, SimFile):
        return kind, _of_sims(data, other, window, settings, along)
    if isinstance(data, Features):
        limited = _limited(data, settings, whole_sequences=along is not None)
        limited = with_side(limited, settings.side)
        other = with_side(other, settings.side) if isinstance(other, Features) else other
        sides = Learnt.of(limited, other, head, compute, queue=bank == HEAD)
        return kind, _of_features(sides, window, compute, settings, along)
    if settings.limited or along is not None:
        raise InputError(
            f"{data.name} can be neither limited nor aligned in sequence: give a feature or a "
            "similarity file."
        )
    source = copy(data)  # the caller's stays as it was
    if bank is not None:
        source.other, source.window = other, window
    return kind, source


def _opened(data: Any, bank: Any, text_video: Any) -> tuple[Features | SimFile | Source, Any]:
    """Return the data as files or a source, and what is left to be read of the bank."""
    known = (str, Path, Features, SimFile, Source)
    if text_video is not None and isinstance(data, known):
        raise InputError("text_video is for arrays: a file says itself which video a text has.")
    if isinstance(data, str | Path):
        path = Path(data)
        return (load_sim(path) if _is_archive(path) else open_features(path)), bank
    if isinstance(data, Features | SimFile | Source):
        return data, bank
    named = bank is None or isinstance(bank, str | Path)
    own, asked = (None, bank) if named else (bank, None)
    if isinstance(data, tuple) and len(data) == 2:
        features = features_of(*data, text_video=text_video, bank=own)
        Truth.of((len(features.text), len(features.video)), features.text_video)  # or refuse it
        return features, asked
    return HeldSims.of(data, text_video=text_video, bank=own), asked


def _is_archive(path: Path) -> bool:
    """Whether a path is that of a similarity file: by its first bytes, or its name without any."""
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError:
        start = b""
    archive = start == b"PK\x03\x04" or (not start and path.suffix == ".npz")
    return archive or is_single_path(path)


def _of_sims(
    file: SimFile,
    other: Features | SimFile | None,
    window: int,
    settings: Settings,
    along: SequenceAlignment | None,
) -> Source:
    if settings.limited:
        if isinstance(other, SimFile):
            raise InputError(
                f"--limit and --limit-ids cannot cut the bank of {other.path}: its rows and "
                "columns belong to the whole of --from-sim."
            )
        file = limit_similarities(file, settings, whole_sequences=along is not None)
    file = last_of_similar_bank(file, settings.bank_limit)
    if along is not None:
        return SequenceSims(file, other, window, along=along)
    return SimSource(file, other, window)


def _of_features(
    sides: Learnt,
    window: int,
    compute: Compute,
    settings: Settings,
    along: SequenceAlignment | None,
) -> Source:
    features = last_of_bank(sides.features, settings.bank_limit)
    given = (features, compute, sides.other, window, sides.head, sides.queue)
    if along is not None:
        return SequenceFeatures(*given, along=along)
    return FeatureSource(*given)


def _limited(features: Features, settings: Settings, *, whole_sequences: bool) -> Features:
    check_finished(features.attrs, features.path)
    if settings.limited:
        limit, ids = settings.limit, settings.limit_ids
        return limit_rows(features, limit, ids, whole_sequences=whole_sequences)
    return features


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
        features = open_features(path)
        check_finished(features.attrs, path)
        return features
    file = load_sim(path)
    if file.bank is None:
        raise InputError(f"{path} holds no bank_t2v or bank_v2t to be used as the bank.")
    return file
