"""``realignment``: how one paragraph is aligned with its video, with and without a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean
from vrbench.figures import figures
from vrbench.figures.base import Case, Figure
from vrbench.figures.drawing import MINUS, SMALL, TIMES, lines_of, share_y
from vrbench.sequences import path, transport_plan
from vrbench.sequences.engine.grouping import Grouping, group_tokens, paragraph_truth

if TYPE_CHECKING:
    import pandas as pd

BUCKET = "bucket"
TITLES = {
    "similarity": "similarity",
    "dtw": "DTW path",
    "plan": "transport plan",
    "plan with bucket": "plan with bucket",
}
"""Of the panels, by column of the numbers."""


@figures.register("realignment")
@dataclass(frozen=True)
class Realignment(Figure):
    """Similarity, DTW path, transport plan, and plan with the alignable prompt bucket of a pair.

    For each caption: the clip with the largest part of its mass, and whether the bucket took more
    than half of it. ``planted`` captions of other videos are put at random places.

    Source: Norton Figure 3.

    Attributes:
        sequence: name of the long video; none: the first of the file.
        planted: captions of other videos among those of the sequence.
        reg: entropy of the transport.
        bucket: quantile of the matched clip-caption similarities (of the test set) for the bucket.

    Raises:
        InputError: ``planted`` is negative, or ``bucket`` is no quantile.
    """

    sequence: str = ""
    planted: int = 0
    reg: float = 0.1
    bucket: float = 0.3
    source = "Norton Figure 3"
    normalized = False
    needs = "a feature file with sequences"
    panels: ClassVar[tuple[int, int]] = (2, 2)

    def __post_init__(self) -> None:
        if self.planted < 0 or not 0 <= self.bucket <= 1:
            raise InputError("planted must not be negative, and bucket lies between 0 and 1.")

    def caption(self, case: Case) -> str:
        """Return data and alignment; no norm takes part."""
        return f"{case.data()}, {case.method.spec if case.method else ''}"

    def data(self, case: Case) -> pd.DataFrame:
        """Return a row for each caption and clip.

        Raises:
            InputError: the case is no feature file with sequences, or has none of this name.
        """
        import pandas as pd

        features = case.features("realignment", self.needs)
        texts, videos = group_tokens(features.text, captions=True), group_tokens(features.video)
        paragraph_truth(case.source.truth, texts, videos, (features.text.ids, features.video.ids))
        name = self.sequence or str(texts.ids[0])
        rows, clips = _items(texts, name), _items(videos, name)
        rows, planted = self._with_planted(rows, texts, name, case.settings.seed)
        whole = case.sim.flat().t2v
        sim = np.asarray(whole[np.ix_(rows, clips)], dtype=np.float64)
        matched = whole[case.source.truth.text, case.source.truth.video]
        value = float(np.quantile(np.asarray(matched, dtype=np.float64), self.bucket))
        plain = len(rows) * transport_plan(sim, self.reg)
        kept = (len(rows) + 1) * transport_plan(sim, self.reg, value)
        steps = set(path(sim, "dtw"))
        names = features.text.captions if features.text.captions is not None else features.text.ids
        return pd.DataFrame(
            {
                "sequence": name,
                "caption": i,
                "text": str(names[row]),
                "planted": bool(planted[i]),
                "clip": j,
                "similarity": sim[i, j],
                "dtw": (i, j) in steps,
                "plan": plain[i, j],
                "plan with bucket": kept[i, j],
                "realigned to": int(plain[i].argmax()),
                "in bucket": bool(kept[i].sum() < 0.5),
                "bucket value": value,
            }
            for i, row in enumerate(rows)
            for j in range(len(clips))
        )

    def _with_planted(
        self, rows: NDArray[np.int64], texts: Grouping, name: str, seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the captions with planted ones among them, and which were planted."""
        rng = np.random.default_rng(seed)
        others = np.setdiff1d(np.arange(len(texts.item)), rows)
        if self.planted > len(others):
            raise InputError(f"There are {len(others)} captions besides those of '{name}'.")
        kept = rng.permutation(np.arange(len(rows) + self.planted) < len(rows))
        mixed = np.empty(len(kept), dtype=np.int64)
        mixed[kept], mixed[~kept] = rows, rng.choice(others, self.planted, replace=False)
        return mixed, ~kept

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of three lines a caption."""
        return max(1.3, 0.4 + 0.36 * data["caption"].nunique())

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the four matrices, captions from top to bottom, clips from left to right."""
        first = data[data["clip"] == 0]
        shown = [
            lines_of(f"{text}{' (planted)' if planted else ''}", 17, 3)
            for text, planted in zip(first["text"], first["planted"], strict=True)
        ]
        for row in axes:
            share_y(row)
            row[0].set_yticks(range(len(first)), shown)
        for title, panel in zip(TITLES, axes.ravel(), strict=True):
            values = data.pivot(index="caption", columns="clip", values=title).astype(float)
            matrix = values.to_numpy()
            labels = [f"{j + 1}" for j in range(matrix.shape[1])]
            if title == "plan with bucket":
                matrix = np.column_stack([matrix, np.clip(1 - matrix.sum(axis=1), 0, None)])
                labels.append(BUCKET)
            _cells(matrix, panel, whole=title == "dtw")
            panel.set_xticks(range(len(labels)), labels)
            panel.set_title(TITLES[title])
            panel.set_xlabel("clip")


def _cells(matrix: NDArray[np.float64], panel: Any, whole: bool) -> None:
    """Draw a matrix with its numbers; of ones and zeros, the ones."""
    panel.imshow(matrix, cmap="Blues", aspect="auto", vmin=min(0.0, matrix.min()))
    for (i, j), value in np.ndenumerate(matrix):
        color = "white" if value > 0.6 * matrix.max() else "black"
        label = TIMES * int(value) if whole else f"{value:.2f}".replace("-", MINUS)
        panel.text(j, i, label, ha="center", va="center", color=color, fontsize=SMALL)


def _items(group: Grouping, name: str) -> NDArray[np.int64]:
    """Return the rows of one sequence, in order."""
    where = np.flatnonzero(group.ids == name)
    if not len(where):
        raise InputError(f"No sequence is called '{name}'.{did_you_mean(name, group.ids)}")
    return np.asarray(group.order[group.item[group.order] == where[0]])
