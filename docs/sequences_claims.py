"""The claims of sequences.md, checked against its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.offsets import Row


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
        raise ValueError(f"Sentence {true.index(False)} of sequences.md is no longer true.")


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
