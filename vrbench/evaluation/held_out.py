"""A validation set cut out of the bank, with the rest as its bank: what may be chosen on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.evaluation.sources.base import Source
from vrbench.evaluation.sources.features import FeatureSource
from vrbench.evaluation.sources.sequences import SequenceSims
from vrbench.evaluation.sources.sims import SimSource
from vrbench.features import Tokens
from vrbench.runtime.seeds import seeded
from vrbench.sequences.engine.grouping import group_tokens
from vrbench.sims.beside import MOST_PAIRS, read_beside
from vrbench.sims.file import SimFile
from vrbench.sims.limiting import cut
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth

NEVER = "parameters are never chosen on the test set."


def held_out(source: Source, share: float, seed: int) -> Source:
    """Split the bank's videos: a share of them with their texts, and the rest as their bank.

    Long videos are split whole, where a sequence alignment is asked for.

    Raises:
        InputError: the bank cannot be had as a set of its own, a part is empty, or the seed is
            negative.
    """
    if not 0 < share < 1:
        raise InputError(f"The validation share must lie between 0 and 1, it is {share}.")
    if isinstance(source, FeatureSource):
        return _of_features(source, share, seed)
    assert isinstance(source, SimSource)  # there are two kinds
    return _of_similarities(source, share, seed)


def _of_features(source: FeatureSource, share: float, seed: int) -> FeatureSource:
    features = source.features
    texts, videos = features.bank_text, features.bank_video
    if texts is None or videos is None or texts.video is None:
        raise InputError(
            f"{features.path} has no bank of texts and videos with /bank/text/video to tune on: "
            f"extract or import one; {NEVER}"
        )
    whole = group_tokens(videos).item if source.sequence is not None else np.arange(len(videos))
    parts = _split(texts.video, whole, share, seed, str(features.path))
    (text, video), (bank_text, bank_video) = (_take(texts, videos, *part) for part in parts)
    cut = replace(features, text=text, video=video, bank_text=bank_text, bank_video=bank_video)
    return replace(source, features=cut, other=None, window=0)


def _of_similarities(source: SimSource, share: float, seed: int) -> SimSource:
    path, owner = source.file.path, source.file.beside.get("bank_text_video")
    matrices = read_beside(source.file.opened, ("bank_bank_t2v", "bank_bank_v2t"))
    if owner is None or "bank_bank_t2v" not in matrices:
        raise InputError(
            f"{path} lacks bank_bank_t2v (bank texts x bank videos) or bank_text_video to tune on: "
            f"vrbench eval --norm ncl --save-sim writes both (up to {MOST_PAIRS:,} pairs), or tune "
            f"from the feature file; {NEVER}"
        )
    t2v = matrices["bank_bank_t2v"]
    v2t = matrices.get("bank_bank_v2t", t2v)
    for key, matrix in matrices.items():
        if matrix.shape[-2] != len(owner) or matrix.shape[-1] <= owner.max():
            raise InputError(
                f"{path}: {key} has shape {matrix.shape}, expected bank texts x bank videos, "
                f"({len(owner)}, {owner.max() + 1} or more)."
            )
    whole = np.arange(t2v.shape[-1])
    if isinstance(source, SequenceSims):
        whole = source.group("bank_video").item
    (text, video), (bank_text, bank_video) = _split(owner, whole, share, seed, str(path))
    sequences: dict[str, NDArray[Any]] = {}
    for side, own, others in (("text", text, bank_text), ("video", video, bank_video)):
        if (found := source.file.sequences.get(f"bank_{side}_sequence")) is not None:
            sequences |= {f"{side}_sequence": found[own], f"bank_{side}_sequence": found[others]}
    sim = Sim(cut(t2v, text, video), cut(v2t, text, video))
    names = [np.array([f"{side}{i}" for i in rows]) for side, rows in (("t", text), ("v", video))]
    new_owner = np.searchsorted(video, owner[text])
    file = SimFile(
        opened=source.file.opened,
        sim=sim,
        raw=sim,
        norm="none",
        truth=Truth.of((len(text), len(video)), new_owner),
        bank=Sim(cut(t2v, bank_text, video), cut(v2t, text, bank_video)),
        text_ids=names[0],
        video_ids=names[1],
        sequences=sequences,
        beside={"bank_text_video": np.searchsorted(bank_video, owner[bank_text])},
    )
    return replace(source, file=file, other=None, window=0)


def _split(
    owner: NDArray[Any], whole: NDArray[np.int64], share: float, seed: int, where: str
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(texts, videos) of the validation set and of its bank, rows in order.

    ``owner`` (texts,) is the video of each text; ``whole`` (videos,) what is not to be torn apart.
    """
    order = seeded(seed).permutation(int(whole.max()) + 1)
    cut = round(share * len(order))
    videos = [np.flatnonzero(np.isin(whole, part)) for part in (order[:cut], order[cut:])]
    parts = [(np.flatnonzero(np.isin(owner, rows)), rows) for rows in videos]
    if any(not len(text) or not len(video) for text, video in parts):
        raise InputError(f"The bank of {where} is too small to be split for tuning.")
    return parts


def _take(
    texts: Tokens, videos: Tokens, text: NDArray[np.int64], video: NDArray[np.int64]
) -> tuple[Tokens, Tokens]:
    """Return these texts, renumbered, and these videos."""
    chosen = texts.take(text)
    owner = np.searchsorted(video, chosen.item_columns["video"])
    columns = {**chosen.item_columns, "video": owner}
    return replace(chosen, item_columns=columns), videos.take(video)
