"""A validation set cut out of a bank, with the rest as its bank: what may be chosen on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features import Features, Tokens
from vrbench.runtime.seeds import seeded
from vrbench.sims.beside import MOST_PAIRS, read_beside
from vrbench.sims.file import SimFile
from vrbench.sims.limiting import cut
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth

NEVER = "parameters are never chosen on the test set."


def features_held_out(
    features: Features, wholes: Callable[[Tokens], NDArray[np.int64]], share: float, seed: int
) -> Features:
    """Return a share of the bank's videos with their texts, and the rest as their bank.

    Args:
        features: the feature file.
        wholes: maps the bank's videos to the (n_video,) number of what is not to be torn apart.
        share: of the bank's videos.
        seed: of the split.

    Raises:
        InputError: the bank does not name its texts' videos, or a part is empty.
    """
    texts, videos = features.bank_text, features.bank_video
    if texts is None or videos is None or texts.video is None:
        raise InputError(
            f"{features.path} has no bank of texts and videos with /bank/text/video to tune on: "
            f"extract or import one; {NEVER}"
        )
    parts = _split(texts.video, wholes(videos), share, seed, str(features.path))
    (text, video), (bank_text, bank_video) = (_take(texts, videos, *part) for part in parts)
    return replace(features, text=text, video=video, bank_text=bank_text, bank_video=bank_video)


def sims_held_out(
    whole: SimFile, wholes: Callable[[int], NDArray[np.int64]], share: float, seed: int
) -> SimFile:
    """Return the same of a similarity file that holds the bank against itself.

    Raises:
        InputError: it does not, or a part is empty.
    """
    path, owner = whole.path, whole.beside.get("bank_text_video")
    matrices = read_beside(whole.opened, ("bank_bank_t2v", "bank_bank_v2t"))
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
    parts = _split(owner, wholes(t2v.shape[-1]), share, seed, str(path))
    (text, video), (bank_text, bank_video) = parts
    sequences: dict[str, NDArray[Any]] = {}
    for side, own, others in (("text", text, bank_text), ("video", video, bank_video)):
        if (found := whole.sequences.get(f"bank_{side}_sequence")) is not None:
            sequences |= {f"{side}_sequence": found[own], f"bank_{side}_sequence": found[others]}
    sim = Sim(cut(t2v, text, video), cut(v2t, text, video))
    names = [np.array([f"{side}{i}" for i in rows]) for side, rows in (("t", text), ("v", video))]
    new_owner = np.searchsorted(video, owner[text])
    return SimFile(
        opened=whole.opened,
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


def _split(
    owner: NDArray[Any], whole: NDArray[np.int64], share: float, seed: int, where: str
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(texts, videos) of the validation set and of its bank, rows in order.

    ``owner`` (texts,) is the video of each text; ``whole`` (videos,) what is not to be torn apart.
    """
    if not 0 < share < 1:
        raise InputError(f"The validation share must lie between 0 and 1, it is {share}.")
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
