"""The text of the page on normalizations, with numbers taken from its tables."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

from vrbench.normalizations import normalizations
from vrbench.results.result import Result

Found = Mapping[str, Mapping[tuple[str, str], Result]]

HEAD = """# What normalizations do

Made by `make docs`: every normalization at its default parameters with every available bank, on
cosines of global vectors; rows with numbers as parameters have those that `vrbench tune` chose on
the bank, rows with a `variant` or `side` the other reading of their paper.
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
    tuned = next(n for n, _ in found["MSR-VTT"] if n.startswith("ncl:gamma="))
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
        *(small.r1(tuned, d, "train") > small.r1("ncl", d, "train") for d in ("t2v", "v2t")),
        not any(small.better(norm, d) for norm in small.own() for d in ("t2v", "v2t")),
    )
    sentences = (*_hindsight(coco, clip), *_own_bank(small, tuned))
    return "\n".join(wrap(" ".join(sentences), 100, break_on_hyphens=False))


def half_step(
    results: Mapping[tuple[str, str], Result],
    behind: Mapping[str, str],
    moved: Mapping[str, Mapping[str, float]],
) -> str:
    """Return the paragraph on which side is updated last.

    Args:
        results: of the bundled features.
        behind: the specs that are half an iteration behind, by norm.
        moved: percent of the queries with another first item, by norm and direction.

    Raises:
        ValueError: a sentence is no longer true of the numbers.
    """
    small, sk, ncl = _Set(results), behind["sk"], behind["ncl"]
    pairs = [(norm, spec, d) for norm, spec in behind.items() for d in ("t2v", "v2t")]
    before, after = ([small.r1(row[k], row[2], "train") for row in pairs] for k in (0, 1))
    _check(
        moved["ncl"]["t2v"] == 0,
        before[2] == after[2],
        moved["ncl"]["v2t"] == moved["sk"]["v2t"],
        all(one < other for one, other in zip(before[:2], after[:2], strict=True)),
    )
    sentences = (
        "Which side is updated last matters at 4 iterations. Algorithm 1 of UCoFiA's supplementary",
        f"returns the side that is half an iteration behind (`{sk}`), its released code the other",
        "one (`sk`, the default: the published numbers rest on it). With the bundled features and",
        f"their training bank {moved['sk']['t2v']:.1f} percent of the texts retrieve another video",
        f"first, and {moved['sk']['v2t']:.1f} percent of the videos another text; R@1 is",
        f"{after[0]} instead of {before[0]} in t2v and {after[1]} instead of {before[1]} in v2t.",
        "NCL's Figure",
        '4 has both sides, and its "symmetrical manner" for v2t can be read as the transposed',
        f"function (`ncl`, the default) or as the row side of the figure (`{ncl}`), which is then",
        f"half an iteration behind, too: it changes {moved['ncl']['v2t']:.1f} percent of the first",
        f"places of v2t (R@1 {after[3]} instead of {before[3]}), and none of t2v.",
    )
    return "\n".join(wrap(" ".join(sentences), 100, break_on_hyphens=False))


def _hindsight(coco: _Set, clip: _Set) -> tuple[str, ...]:
    rolling = [one.r1("ncl", bank="rolling") for one in (coco, clip)]
    return (
        "On COCO and with VideoCLIP, a bank of the test queries makes retrieval both fairer",
        "and better, and no norm gains more in t2v than `ncl` (but `dbsn`, which is then",
        "`ncl` with 10 iterations): R@1 goes from",
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
    most = max(map(small.both, small.own()))
    best = [f"`{norm}`" for norm in small.own() if small.both(norm) == most]
    raw, fair = ([small.r1(norm, d) for d in ("t2v", "v2t")] for norm in ("none", "ncl"))
    own, fit = ([small.r1(n, d, "train") for d in ("t2v", "v2t")] for n in ("ncl", tuned))
    return (
        "Fairer is not always better: with the bundled features `ncl` at its default temperature",
        f"brings the error of t2v from {small.error('none')} to {small.error('ncl', 'train')} with",
        f"training queries and to {small.error('ncl')} with the test queries. With the latter, R@1",
        f"falls in t2v ({raw[0]} to {fair[0]}) and rises in v2t ({raw[1]} to {fair[1]}).",
        "The temperature has to fit the encoder: with training queries, that which `vrbench tune`",
        f"chose on the bank (`{tuned}`) has {fit[0]} in t2v and {fit[1]} in v2t, the default",
        f"{own[0]} and {own[1]}. Of the rows with a training bank, {' and '.join(best)}",
        f"{'has' if len(best) == 1 else 'have'} the best mean R@1 of both directions; no row",
        "is significantly better than the raw matrix in a direction (exact McNemar test, p < .05).",
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
        return max(self.r1(norm) for norm in normalizations.classes() if norm != "dbsn")

    def error(self, norm: str, bank: str = "test") -> float:
        found = self._result(norm, bank)["diagnostics"]["t2v"]["normalization_error"]
        return round(float(found), 2)

    def better(self, norm: str, direction: str) -> bool:
        found = self._result(norm, "train")["change"][direction]
        return bool(found["R@1"] > 0 and found["p"] < 0.05)

    def own(self) -> list[str]:
        """Return the norms with a training bank."""
        return [norm for norm, kind in self._results if kind == "train"]

    def never(self, norm: str) -> int:
        return round(100 * float(self._result(norm, "test")["diagnostics"]["t2v"]["under"]))


def _check(*claims: bool) -> None:
    wrong = [place for place, true in enumerate(claims) if not true]
    if wrong:
        raise ValueError(f"claims {wrong} about normalizations are no longer true: rewrite them")
