"""Small cases that every figure can be made of."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from long_videos import arrays, write

from vrbench.bundled import bundled_features
from vrbench.evaluation.case import Case
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.settings import Settings
from vrbench.figures import drawing, figures
from vrbench.figures.plot import Look, picture
from vrbench.importing.to_features import import_arrays

OF_PAIRS = sorted(
    name
    for name, cls in figures.classes().items()
    if not {"sequences", "categories"} & set(cls.needs.split())
)
"""Figures of texts and videos; other files have those of sequences and of anchors."""


def bundled(bank: str = "train", norm: str = "ncl", limit: int = 40) -> Case:
    """The first of the bundled videos."""
    opened = Evaluation.open(bundled_features(), Settings(limit=limit), bank=bank)
    return opened.case("global", norm)


def labelled_file(folder: Path, texts: bool = True, **changes: Any) -> Path:
    """Forty videos of four categories, two without one, and a text or two each."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 4
    video = 1.5 * np.eye(5)[y] + rng.standard_normal((40, 5))
    owner = np.concatenate([np.arange(40), np.arange(0, 40, 3)])
    names = np.array([f"kind {i}" for i in y])
    names[[5, 9]] = ""
    made = {
        "video": video,
        "text": video[owner] + 0.3 * rng.standard_normal((len(owner), 5)),
        "text_video": owner,
        "video_ids": np.array([f"v{i}" for i in range(40)]),
        "video_label": names,
        **changes,
    }
    if not texts:
        keep = made["text_video"] > 0
        made |= {"text": made["text"][keep], "text_video": made["text_video"][keep]}
    np.savez(folder / "f.npz", allow_pickle=False, **made)
    return import_arrays(folder / "f.npz", folder / "f.h5", overwrite=True)


def labelled(folder: Path) -> Case:
    """Videos with categories."""
    return Evaluation.open(labelled_file(folder)).case("global", "none")


def long_videos(folder: Path) -> Case:
    """Long videos of clips, and paragraphs."""
    return Evaluation.open(write(folder, arrays(bank=False))).case("global", "none")


SPECS = {
    **{name: name for name in OF_PAIRS},
    "seen": "seen:orders=1,marks=2",
    "queue-size": "queue-size:least=500,draws=2",
    **{name: f"{name}:anchors=6,k=2" for name in ("anchors", "anchor-top")},
    "anchor-categories": "anchor-categories:anchors=6,k=2,least=3",
    "realignment": "realignment:planted=2",
    "sequence-noise": "sequence-noise:steps=1",
}
"""A quick figure of each kind."""


@cache
def numbers(name: str) -> pd.DataFrame:
    """The numbers of a figure of ``SPECS``."""
    with TemporaryDirectory() as folder:
        if name.startswith("anchor"):
            case = labelled(Path(folder))
        elif name in ("realignment", "sequence-noise"):
            case = long_videos(Path(folder))
        else:
            case = bundled()
        return figures.parse(SPECS[name]).data(case)


def canvas_of(name: str, data: pd.DataFrame, width: float | None = None) -> Any:
    """A figure of these numbers, drawn."""
    with drawing.styled():
        canvas = picture(figures.parse(SPECS[name]), data, "title", Look(width=width))
        canvas.draw_without_rendering()
    return canvas


@cache
def drawn_once(name: str) -> Any:
    """The canvas of a figure of ``SPECS``."""
    return canvas_of(name, numbers(name))
