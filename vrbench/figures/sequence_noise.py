"""``sequence-noise``: the effect of planted noise on sequence alignments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.base import Case, Figure
from vrbench.figures.drawing import MARKERS, legend, share_y
from vrbench.figures.planting import Planted, clean, irrelevant, shifted, swapped
from vrbench.metrics.ranking import ranks
from vrbench.sequences import score, sequences, transport_plan
from vrbench.sequences.engine.grouping import Grouping, group_tokens, paragraph_truth
from vrbench.sequences.transport import SequenceTransport

if TYPE_CHECKING:
    import pandas as pd

NOISES = ("irrelevant captions", "irrelevant clips", "shifted captions", "swapped captions")
RATES = {"irrelevant": (0.25, 0.4, 0.5), "shifted": (0.25, 0.5, 1.0), "swapped": (0.25, 0.5, 1.0)}
BUCKETS = (0.1, 0.3, 0.5)
PLAIN = ("cap-avg", "dtw", "otam")
UNDRAWN = "bucket=0.[15]"
"""Alignments that are in the numbers alone: six lines can be told apart."""


@figures.register("sequence-noise")
@dataclass(frozen=True)
class SequenceNoise(Figure):
    """R@1 of paragraphs against long videos as captions, clips and their order get worse.

    Items of other sequences are planted until they are a share of each sequence; or the first
    caption of a paragraph is moved behind its last, or two neighbours are exchanged, in a share of
    the paragraphs. Buckets are quantiles of the matched pairs before planting (transductive). The
    bucket removes a caption of a paragraph, against the paragraph's video, where it takes more than
    half of the caption's mass.

    Source: after Norton Figure 1 and Table 7.

    Attributes:
        reg: entropy of the transport.
        steps: rates of each kind of noise, 1 to 3, of which the highest is always one.

    Raises:
        InputError: ``steps`` is out of range.
    """

    reg: float = 0.1
    steps: int = 3
    source = "after Norton Figure 1 and Table 7"
    normalized = False
    needs = "a feature file with sequences"
    panels: ClassVar[tuple[int, int]] = (2, 2)

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 3:
            raise InputError(f"steps must be 1, 2 or 3, it is {self.steps}.")

    def caption(self, case: Case) -> str:
        """Return data and alignment; no norm takes part."""
        truth = case.source.truth
        method = case.method.spec if case.method else ""
        dataset = case.source.about["dataset"]
        return f"{dataset}, {truth.n_text} captions x {truth.n_video} clips, {method}, t2v"

    def data(self, case: Case) -> pd.DataFrame:
        """Return R@1 in percent by noise, rate and alignment; precision and recall of buckets.

        Raises:
            InputError: the case is no feature file with sequences.
        """
        import pandas as pd

        features = case.features("sequence-noise", self.needs)
        texts, videos = group_tokens(features.text, captions=True), group_tokens(features.video)
        ids = features.text.ids, features.video.ids
        owner = paragraph_truth(case.source.truth, texts, videos, ids).video
        sim = case.sim.flat().t2v
        matched = sim[case.source.truth.text, case.source.truth.video]
        rows = []
        for noise, rate, text, video in _noises(texts, videos, case.settings.seed, self.steps):
            part = sim[text.rows][:, video.rows]
            for spec in (*PLAIN, *self._transports()):
                scores = score(part, text.lengths, video.lengths, spec, matched=matched)
                found = {"noise": noise, "rate": rate, "sequence": spec}
                found["R@1"] = 100 * float((ranks(scores, text_video=owner) <= 1).mean())
                if noise == NOISES[0] and "bucket" in spec:
                    found |= _removed(part, text, video, owner, spec, matched)
                rows.append(found)
        return pd.DataFrame(rows)

    def _transports(self) -> list[str]:
        reg = "" if self.reg == 0.1 else f"reg={self.reg:g},"
        plain = f"transport:{reg}".rstrip(":,")
        buckets = [f"transport:{reg}bucket={bucket}" for bucket in BUCKETS]
        return [plain, *buckets, f"transport:{reg}bucket=0.3,variant=norton"]

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of a row of curves."""
        return 1.6

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw R@1 over the rate, a panel for each kind of noise."""
        drawn = data[~data["sequence"].str.contains(UNDRAWN)]
        for row in axes:
            share_y(row)
        for noise, panel in zip(NOISES, axes.ravel(), strict=True):
            part = drawn[drawn["noise"].isin(["none", noise])]
            by_spec = part.groupby("sequence", sort=False)
            for marker, (spec, rows) in zip(MARKERS, by_spec, strict=True):
                style = f"{marker}--" if "bucket" in str(spec) else f"{marker}-"
                panel.plot(100 * rows["rate"], rows["R@1"], style, label=spec)
            panel.set_title(noise)
            planted = noise.startswith("irrelevant")
            panel.set_xlabel("% planted" if planted else "% of paragraphs")
            panel.set_ylabel("R@1, %")
        legend(axes.ravel(), 2)


def _noises(
    texts: Grouping, videos: Grouping, seed: int, steps: int
) -> Iterator[tuple[str, float, Planted, Planted]]:
    """Yield each kind of noise at each rate, with both sides after planting."""
    yield "none", 0.0, clean(texts), clean(videos)
    for noise in NOISES:
        kind = noise.split()[0]
        plant = {"irrelevant": irrelevant, "shifted": shifted, "swapped": swapped}[kind]
        for rate in RATES[kind][-steps:]:
            rng = np.random.default_rng(seed)
            if noise == "irrelevant clips":
                yield noise, rate, clean(texts), plant(videos, rate, rng)
            else:
                yield noise, rate, plant(texts, rate, rng), clean(videos)


def _removed(
    sim: NDArray[Any],
    text: Planted,
    video: Planted,
    owner: NDArray[np.int64],
    spec: str,
    matched: NDArray[Any],
) -> dict[str, float]:
    """Precision and recall, in percent, of the captions removed as the planted ones."""
    method = sequences.parse(spec)
    assert isinstance(method, SequenceTransport)
    assert method.bucket is not None
    value = float(np.quantile(matched, method.bucket))
    rows, columns = (
        np.split(np.arange(len(side.rows)), np.cumsum(side.lengths)[:-1]) for side in (text, video)
    )
    removed = np.zeros(len(text.rows), dtype=bool)
    for captions, v in zip(rows, owner, strict=True):
        pair = sim[np.ix_(captions, columns[v])]
        kept = transport_plan(pair, method.reg, value, method.iterations, method.variant).sum(1)
        mass = 1 if method.variant == "norton" else 1 / (len(captions) + 1)
        removed[captions] = kept < mass / 2
    right = float((removed & text.planted).sum())
    return {
        "precision": 100 * right / max(float(removed.sum()), 1),
        "recall": 100 * right / float(text.planted.sum()),
    }
