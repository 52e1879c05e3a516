"""The numbers in the paragraphs of normalization.md, and a check of its claims."""

from __future__ import annotations

from collections.abc import Mapping

from vrbench.normalizations import normalizations
from vrbench.results.result import Result

Found = Mapping[str, Mapping[tuple[str, str], Result]]


def seen(found: Found) -> dict[str, str]:
    """Return the numbers of the first two paragraphs.

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
    hindsight = {
        f"{name}.{key}": str(value)
        for name, one in (("coco", coco), ("clip", clip))
        for key, value in _hindsight(one).items()
    }
    v2t = {"coco.v2t.raw": coco.r1("none", "v2t"), "coco.v2t.center": coco.r1("center", "v2t")}
    return {**hindsight, **_strings(v2t), **_own_bank(small, tuned)}


def half_step(
    results: Mapping[tuple[str, str], Result],
    behind: Mapping[str, str],
    moved: Mapping[str, Mapping[str, float]],
) -> dict[str, str]:
    """Return the numbers of the paragraph on which side is updated last.

    Args:
        results: of the bundled features.
        behind: the specs that are half an iteration behind, by norm.
        moved: percent of the queries with another first item, by norm and direction.

    Raises:
        ValueError: a sentence is no longer true of the numbers.
    """
    small = _Set(results)
    pairs = [(norm, spec, d) for norm, spec in behind.items() for d in ("t2v", "v2t")]
    before, after = ([small.r1(row[k], row[2], "train") for row in pairs] for k in (0, 1))
    _check(
        moved["ncl"]["t2v"] == 0,
        before[2] == after[2],
        moved["ncl"]["v2t"] == moved["sk"]["v2t"],
        all(one < other for one, other in zip(before[:2], after[:2], strict=True)),
    )
    return {
        **{f"sk.moved.{d}": f"{moved['sk'][d]:.1f}" for d in ("t2v", "v2t")},
        "ncl.moved.v2t": f"{moved['ncl']['v2t']:.1f}",
        **_strings({"sk.t2v": before[0], "sk.v2t": before[1], "ncl.v2t": before[3]}),
        **_strings({"sk.t2v.exact": after[0], "sk.v2t.exact": after[1], "ncl.v2t.first": after[3]}),
    }


def _hindsight(one: _Set) -> dict[str, float]:
    return {
        "raw": one.r1("none"),
        "ncl": one.r1("ncl"),
        "center": one.r1("center"),
        "rolling": one.r1("ncl", bank="rolling"),
        **{f"error.{key}": one.error(norm) for key, norm in RAW_AND_NCL},
        **{f"never.{key}": one.never(norm) for key, norm in RAW_AND_NCL},
    }


def _own_bank(small: _Set, tuned: str) -> dict[str, str]:
    most = max(map(small.both, small.own()))
    best = [f"`{norm}`" for norm in small.own() if small.both(norm) == most]
    error = {"raw": small.error("none"), "train": small.error("ncl", "train")}
    error["test"] = small.error("ncl")
    recalls = {
        f"{d}.{key}": small.r1(norm, d, bank)
        for d in ("t2v", "v2t")
        for key, norm, bank in (
            ("raw", "none", ""),
            ("test", "ncl", "test"),
            ("train", "ncl", "train"),
            ("tuned", tuned, "train"),
        )
    }
    return {
        **_strings({f"error.{bank}": value for bank, value in error.items()}),
        **_strings(recalls),
        "tuned": f"`{tuned}`",
        "best": f"{' and '.join(best)} {'has' if len(best) == 1 else 'have'}",
    }


def _strings(numbers: Mapping[str, float]) -> dict[str, str]:
    return {name: str(value) for name, value in numbers.items()}


RAW_AND_NCL = (("raw", "none"), ("ncl", "ncl"))


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
