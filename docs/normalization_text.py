"""The text of the page on normalizations, with numbers taken from its tables."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

from vrbench.normalizations import normalizations
from vrbench.results.result import Result

Found = Mapping[str, Mapping[tuple[str, str], Result]]

HEAD = """# What normalizations do

Made by `make docs`: every normalization at its default parameters with every available bank, on
cosines of global vectors; rows with parameters have those that `vrbench tune` chose on the bank.
R@K, never, once and often in percent. `error` is the normalization error (0 is fair), before and
after, at the norm's temperature (0.01 by default); empty where a norm returns scores of its own.
never, once, often: gallery items that no query, one, or several retrieve first. The first row is
the matrix before normalization. *Transductive*: the norm saw the whole test set. `rolling`: each
query sees itself and the queries before it.
"""


def seen(found: Found) -> str:
    """Return the paragraph.

    Raises:
        ValueError: a sentence is no longer true of the numbers.
    """
    coco, clip, small = (_Set(found[name]) for name in ("COCO", "VideoCLIP", "MSR-VTT"))
    tuned = max((n for n, kind in found["MSR-VTT"] if kind == "train"), key=small.both)
    _check(
        *(one.best() == one.r1("ncl") > one.r1("none") for one in (coco, clip)),
        *(one.r1("sk") == one.r1("ncl") for one in (coco, clip, small)),
        clip.r1("center") - clip.r1("none") > (clip.r1("ncl") - clip.r1("none")) / 2,
        coco.r1("center") - coco.r1("none") < (coco.r1("ncl") - coco.r1("none")) / 5,
        coco.r1("center", "v2t") < coco.r1("none", "v2t"),
        *(one.r1("none") < one.r1("ncl", bank="rolling") < one.r1("ncl") for one in (coco, clip)),
        *(one.r1("qb-norm") == one.r1("inverted-softmax") for one in (coco, clip, small)),
        small.r1("ncl") < small.r1("none"),
        small.r1("ncl", "v2t") > small.r1("none", "v2t"),
        small.error("ncl") < small.error("ncl", "train") < small.error("none"),
        ":" in tuned,
    )
    sentences = (*_hindsight(coco, clip), *_own_bank(small, tuned))
    return "\n".join(wrap(" ".join(sentences), 100, break_on_hyphens=False))


def _hindsight(coco: _Set, clip: _Set) -> tuple[str, ...]:
    rolling = [one.r1("ncl", bank="rolling") for one in (coco, clip)]
    return (
        "On COCO and with VideoCLIP, a bank of the test queries makes retrieval both fairer",
        "and better, and no norm gains more in t2v than `ncl`: R@1 goes from",
        f"{coco.r1('none')} to {coco.r1('ncl')} and from {clip.r1('none')} to {clip.r1('ncl')},",
        f"while the error falls from {coco.error('none')} to {coco.error('ncl')} and from",
        f"{clip.error('none')} to {clip.error('ncl')}, and the videos never retrieved first",
        f"from {coco.never('none')} to {coco.never('ncl')} and from {clip.never('none')} to",
        f"{clip.never('ncl')} percent. Such a bank is transductive; the causal `rolling` bank",
        f"keeps a part of the gain ({rolling[0]} and {rolling[1]}). The share of the gain that is",
        "due to the mean differs: subtracting it (`center`) gives more than half for VideoCLIP",
        f"({clip.r1('center')}), but less than a fifth for COCO ({coco.r1('center')}), where it",
        f"even hurts v2t ({coco.r1('none', 'v2t')} to {coco.r1('center', 'v2t')}). `sk` with one",
        "level is `ncl` at its default scale, and `qb-norm` with the test queries as bank is",
        "`inverted-softmax`: every query's first item is then in the activation set.",
    )


def _own_bank(small: _Set, tuned: str) -> tuple[str, ...]:
    t2v, v2t = (small.change(tuned, direction) for direction in ("t2v", "v2t"))
    raw, fair = ([small.r1(norm, d) for d in ("t2v", "v2t")] for norm in ("none", "ncl"))
    return (
        "Fairer is not always better: with the bundled features `ncl` at its default temperature",
        f"brings the error of t2v from {small.error('none')} to {small.error('ncl', 'train')} with",
        f"training queries and to {small.error('ncl')} with the test queries. With the latter, R@1",
        f"falls in t2v ({raw[0]} to {fair[0]}) and rises in v2t ({raw[1]} to {fair[1]}).",
        "The temperature has to fit the encoder: of all rows with a training bank,",
        f"`{tuned}` has the best mean R@1 of both directions; by McNemar's exact test against the",
        f"raw matrix it changes t2v by {t2v} and v2t by {v2t}.",
    )


class _Set:
    """Numbers of one set as the tables print them."""

    def __init__(self, results: Mapping[tuple[str, str], Result]) -> None:
        self._results = results

    def _result(self, norm: str, bank: str) -> Result:
        return self._results[norm, "none" if norm == "none" else bank]

    def r1(self, norm: str, direction: str = "t2v", bank: str = "test") -> float:
        return round(float(self._result(norm, bank)["metrics"][direction]["R@1"]), 1)

    def both(self, norm: str) -> float:
        return self.r1(norm, "t2v", "train") + self.r1(norm, "v2t", "train")

    def best(self) -> float:
        return max(self.r1(norm) for norm in normalizations.classes())

    def error(self, norm: str, bank: str = "test") -> float:
        found = self._result(norm, bank)["diagnostics"]["t2v"]["normalization_error"]
        return round(float(found), 2)

    def change(self, norm: str, direction: str) -> str:
        found = self._result(norm, "train")["change"][direction]
        return f"{found['R@1']:+.1f} (p = {found['p']:.3f})"

    def never(self, norm: str) -> int:
        return round(100 * float(self._result(norm, "test")["diagnostics"]["t2v"]["under"]))


def _check(*claims: bool) -> None:
    wrong = [place for place, true in enumerate(claims) if not true]
    if wrong:
        raise ValueError(f"claims {wrong} about normalizations are no longer true: rewrite them")
