"""The text of the page on sequences, and a check of its claims against the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.offsets import Row

HEAD = """# What sequence alignments do

Made by `python -m docs sequences --shared ../shared`. A paragraph is a sequence of captions, a
long video one of clips; `vrbench eval --sequence` scores such pairs. R@1 is t2v, in percent."""

OFFSETS = """## Offset and release

`dtw` and `otam` minimize distances `offset - M`. The offset and the padding of the matrices
change R@1 by tens of points. 30 synthetic videos of 4 to 12 clips, 3 seeds (`python -m
benchmarks.offsets`); *negative* is the share of negative distances, R@1 is given for the released
padding (`variant=norton`; `tempclr` is the same) and for the exact recursion.

The released padding ruins both methods just where distances are not negative. Where they are
negative, long paths cost less, the offset alone moves exact DTW from 100 to below 20, and the
length scaling decides. So results with different offsets, scalings or shares of negative distances
cannot be compared, and every result of vrbench records all three."""

ORDER = """## Order

600 cooking videos of three frames and three sentences, with the similarities of a real CLIP: the
percentage of videos with all sentences in their places. One-to-one assignment gives the source's
number, 68.17. With as many captions as clips and distances well above 0 the cheapest DTW
path here is the diagonal, so that trying all orders gives the same as the assignment. OTAM may
leave captions out at either end, and so gives some orders the same score; the best frame of each
caption (`argmax`) gives no order at all in most videos."""

NOISE = """## Noise

The same 600 videos, now each with its frames as clips and its sentences as a paragraph, retrieved
among the 600. Features are of two small encoders, and **the projection that joins them is fitted
on these same frames and sentences** (`features/youcook2-600.h5`): the R@1 do not measure
encoders, they show the effect of noise on sequences that match. With a projection fitted on MSR-VTT
instead, no alignment of their global vectors gets above an R@1 of 0.5 (chance 0.17).

Captions or clips of other videos are planted at random places until they are half of each
sequence; or the first caption is moved behind the last, or two neighbours are exchanged, in every
paragraph. Below the sequences stands the mean, the maximum (both directions, averaged) or `lse`
over words and frames. Each clip here is one frame, so that only the words make a difference.
Buckets are quantiles of the matched pairs before planting, so they know the test set
(transductive).

Below all but `lse` with alpha 1, DTW is the best without noise; with every paragraph out of order
it is by far the worst, while methods that ignore the order do not change. With half of the
captions planted, an alignment without a bucket loses 13 to 24 points; with a bucket and exact
marginals it loses 4 to 7 at any of the quantiles (11 or 12 above `lse` with alpha 1). With half of
the clips planted, `cap-avg` is the best. The released marginals (`variant=norton`) do not bound the
bucket: it takes all planted captions, but so many others that R@1 is lower even without noise.
`lse` with alpha 1 on cosines is nearly the mean plus the logarithm of the length: 64 % of its
distances from the offset 1 are negative (0 % of those of the maximum), and DTW and OTAM fall behind
before there is any noise.

![R@1 over the rate of noise, a panel for each kind](sequence-noise.svg)

The figure has every rate below the maximum (`vrbench plot sequence-noise features/youcook2-600.h5
--method token-mean --norm none`); the first table has the highest rates, the second the precision
/ recall, in percent, of the captions that the bucket removed (took more than half of) from a
paragraph against its own video. The bucket's column holds 1/(m+1) of the mass, so with half of
the captions planted it cannot take them all."""


def check(
    offsets: Sequence[Row],
    ordering: Sequence[Mapping[str, Any]],
    noise: Mapping[str, pd.DataFrame],
    shown: str,
) -> None:
    """Check the claims of the text against the numbers, in the order of the text.

    Only the buckets above the alignment ``shown`` have a table.

    Raises:
        ValueError: one is no longer true.
    """
    whole = {report["how"]: round(report["wholly in order"], 2) for report in ordering}
    dtw = [row.recalls["dtw"][1] for row in offsets]
    below = [_Below(data) for data in noise.values()]
    *plain, one = below  # the last is lse with alpha 1
    true = (
        all(r < e - 40 for row in offsets if row.negative == 0 for r, e in row.recalls.values()),
        max(dtw) == 100,
        min(dtw) < 20,
        whole["assignment"] == whole["dtw"] == 68.17,
        whole["argmax"] < 50,
        all(b.best() == "dtw" for b in plain),
        one.best() != "dtw",
        all(b.still("cap-avg") and b.still("transport") for b in below),
        all(b.worst("shifted captions") == b.worst("swapped captions") == "dtw" for b in below),
        all(13 <= round(lost) <= 24 for b in below for lost in b.lost(bucket=False)),
        all(4 <= round(lost) <= 7 for b in plain for lost in b.lost(bucket=True)),
        all(11 <= round(lost) <= 12 for lost in one.lost(bucket=True)),
        all(b.best("irrelevant clips") == "cap-avg" for b in below),
        all(b.worst(among="transport") == RELEASED for b in below),
        all(recall == 100 for recall in _removed(noise[shown], RELEASED)),
    )
    if not all(true):
        raise ValueError(f"Sentence {true.index(False)} of the page is no longer true.")


RELEASED = "transport:bucket=0.3,variant=norton"


class _Below:
    """R@1 of every sequence alignment below one alignment, at the highest rate of each noise."""

    def __init__(self, data: pd.DataFrame) -> None:
        highest = data.sort_values("rate").groupby(["noise", "sequence"]).last()
        self._r1 = highest["R@1"]

    def best(self, noise: str = "none") -> str:
        return str(self._r1[noise].idxmax())

    def worst(self, noise: str = "none", among: str = "") -> str:
        r1 = self._r1[noise]
        return str(r1[r1.index.str.startswith(among)].idxmin())

    def still(self, spec: str) -> bool:
        kinds = ("none", "shifted captions", "swapped captions")
        return len({self._r1[noise][spec] for noise in kinds}) == 1

    def lost(self, bucket: bool) -> list[float]:
        """Points lost to planted captions, with exact marginals."""
        lost = self._r1["none"] - self._r1["irrelevant captions"]
        return [lost[s] for s in lost.index if ("bucket" in s) == bucket and s != RELEASED]


def _removed(data: pd.DataFrame, spec: str) -> list[float]:
    """Recall of what the bucket removed, in percent, at each rate."""
    return data[data["sequence"] == spec]["recall"].dropna().round(1).tolist()
