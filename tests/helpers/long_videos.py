"""Long videos of clips with captions in no order, and their scores by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vrbench
from vrbench.features import open_features
from vrbench.importing.to_features import import_arrays

Array = NDArray[Any]

LENGTHS = (3, 2, 4, 2, 3)
BANK = (2, 3, 2)
DIM = 8


def arrays(seed: int = 0, bank: bool = True) -> dict[str, Array]:
    """Five long videos of 14 clips with a caption each, rows shuffled on both sides; and a bank."""
    rng = np.random.default_rng(seed)
    made: dict[str, Array] = {}
    for prefix, lengths in (("", LENGTHS), ("bank_", BANK))[: 2 if bank else 1]:
        names = np.repeat([f"{prefix}long{i}" for i in range(len(lengths))], lengths)
        places = np.concatenate([np.arange(n) for n in lengths])
        n = len(names)
        video = rng.standard_normal((n, DIM))
        text = video + 0.8 * rng.standard_normal((n, DIM))
        rows, columns = rng.permutation(n), rng.permutation(n)
        for side, vectors, order in (("text", text, rows), ("video", video, columns)):
            made[f"{prefix}{side}"] = vectors[order]
            made[f"{prefix}{side}_sequence"] = names[order]
            made[f"{prefix}{side}_position"] = places[order]
        made[f"{prefix}text_video"] = np.argsort(columns)[rows]
    return made


def write(folder: Path, made: dict[str, Array], name: str = "f") -> Path:
    np.savez(folder / f"{name}.npz", allow_pickle=False, **made)
    out = folder / f"{name}.h5"
    return import_arrays(folder / f"{name}.npz", out, dataset="long", overwrite=True)


def expected(path: Path, spec: str) -> Array:
    """Score by hand: all similarities in order of sequence and position, then the alignment."""
    with open_features(path) as features:
        text, video = features.text, features.video
        sim = vrbench.score(text, video, "max-avg", precision="double").t2v
        orders = []
        for side in (text, video):
            names = [str(name) for name in side.item_columns["sequence"]]
            first = list(dict.fromkeys(names))
            keys = [
                (first.index(name), int(place))
                for name, place in zip(names, side.item_columns["position"], strict=True)
            ]
            orders.append((sorted(range(len(keys)), key=lambda row: keys[row]), first))
        (rows, texts), (columns, videos) = orders
        lengths = {f"long{i}": n for i, n in enumerate(LENGTHS)}
        text_lengths, video_lengths = ([lengths[n] for n in names] for names in (texts, videos))
        in_order = sim[np.ix_(rows, columns)]
        return vrbench.sequences.score(in_order, text_lengths, video_lengths, spec)


def sim_arrays(seed: int = 3) -> dict[str, Array]:
    """Captions and clips in the order of their sequences, and a bank."""
    rng = np.random.default_rng(seed)
    n, b = sum(LENGTHS), sum(BANK)
    names = np.repeat([f"long{i}" for i in range(len(LENGTHS))], LENGTHS)
    bank = np.repeat([f"bank{i}" for i in range(len(BANK))], BANK)
    return {
        "t2v": rng.uniform(-0.2, 0.6, (n, n)) + 0.4 * np.eye(n),
        "bank_t2v": rng.uniform(-0.2, 0.6, (b, n)),
        "bank_v2t": rng.uniform(-0.2, 0.6, (n, b)),
        "text_sequence": names,
        "video_sequence": names,
        "bank_text_sequence": bank,
        "bank_video_sequence": bank,
    }
