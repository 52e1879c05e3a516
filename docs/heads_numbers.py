"""The numbers in the paragraphs of heads.md, and a check of its claims."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from docs.heads_cost import cost, rates
from docs.heads_found import Found, check, of
from docs.heads_rates import EVERY
from docs.heads_runs import EPOCHS, FEW, QUEUE, SUM
from docs.trained import SEEDS

NOISE = 1.4
"""Standard deviation of an R@1 of 10 percent over 476 queries, in points."""


def numbers(found: Found) -> dict[str, str]:
    """Return what heads.md says of the papers' claims on these features.

    Raises:
        ValueError: a sentence is no longer true of the numbers.
    """
    settings = {
        "seed": str(SEEDS[0]),
        "seeds": str(len(SEEDS)),
        "queue": f"{QUEUE:,}",
        "queue.option": f"`--queue {QUEUE}`",
        "epochs": str(EPOCHS),
        "epochs.emd": str(FEW),
        "rates.every": str(len(EVERY)),
        "sum": f"`{SUM}`",
    }
    parts = (rates, cost, _trained, _tokenflow, _ncl, _losses)
    return settings | {name: value for part in parts for name, value in part(found).items()}


def _trained(found: Found) -> dict[str, str]:
    closed = {one.training.method: one for one in found.untrained}
    pairs = {
        one.training.method: (closed[one.training.method], one)
        for one in found.alignments
        if one.training.method in closed
    }
    gains = {name: after.sum - before.sum for name, (before, after) in pairs.items()}
    ones = [after.mean("raw") - before.mean("raw") for before, after in pairs.values()]
    tens = [
        after.mean("raw", "R@10") - before.mean("raw", "R@10") for before, after in pairs.values()
    ]
    most = max(gains, key=lambda name: gains[name])
    check(min(gains.values()) > 0, max(map(abs, ones)) < NOISE)
    before, after = pairs[most]
    return {
        "trained.least": f"{min(gains.values()):.1f}",
        "trained.most": f"{max(gains.values()):.1f}",
        "trained.method": f"`{most}`",
        "trained.before": f"{before.sum:.1f}",
        "trained.after": f"{after.sum:.1f}",
        "trained.r1.least": f"{min(ones):+.1f}",
        "trained.r1.most": f"{max(ones):+.1f}",
        "trained.r10.least": f"{min(tens):+.1f}",
        "trained.r10.most": f"{max(tens):+.1f}",
    }


def _tokenflow(found: Found) -> dict[str, str]:
    by = {one.training.method: one for one in found.alignments}
    value = {name: one.mean("raw") for name, one in by.items()}
    upper = [value[name] for name in ("global", SUM)]
    lower = [value[name] for name in ("max-avg", "scan", "tokenflow", "emd")]
    same = abs(value["uniform"] - value["learnable"])
    check(
        *(max(upper) - min(upper) < NOISE, max(lower) < min(upper), same < 0.2),
        *(value["uniform"] < min(lower), max(upper) - min(lower) < 1.5 * NOISE),
    )
    return {
        **{f"r1.{'sum' if name == SUM else name}": f"{one:.1f}" for name, one in value.items()},
        "r1.gap.least": f"{min(upper) - max(lower):.1f}",
        "r1.gap.most": f"{max(upper) - min(lower):.1f}",
    }


def _ncl(found: Found) -> dict[str, str]:
    one = of(found, "infonce")
    banks = ("raw", "train", "queue", "oracle")
    t2v, v2t, ten = (
        {bank: one.mean(bank, *what) for bank in banks}
        for what in (("R@1", "t2v"), ("R@1", "v2t"), ("R@10", "t2v"))
    )
    error = one.fairer("t2v")
    check(
        error[1] < error[0] / 2,
        max(t2v["train"], t2v["queue"], t2v["oracle"]) < t2v["raw"] + NOISE / 4,
        min(v2t["train"], v2t["queue"], v2t["oracle"]) > v2t["raw"],
        min(ten["train"], ten["queue"], ten["oracle"]) > ten["raw"],
    )

    of_banks = {"t2v": t2v, "v2t": v2t, "r10": ten}

    def said(values: Mapping[str, float]) -> str:
        return f"{values['train']:.1f}, {values['queue']:.1f} and {values['oracle']:.1f}"

    return {
        "ncl.error.raw": f"{error[0]:.2f}",
        "ncl.error": f"{error[1]:.2f}",
        **{f"ncl.{name}": said(value) for name, value in of_banks.items()},
        **{f"ncl.{name}.raw": f"{value['raw']:.1f}" for name, value in of_banks.items()},
    }


def _losses(found: Found) -> dict[str, str]:
    names = ("infonce", "momentum", "triplet", "ncl", "15*ncl", "dsl")
    by = {name: of(found, name) for name in names}
    ones = [one.mean("raw") for one in by.values()]
    errors = [float(np.mean(by[name].errors("t2v"))) for name in ("ncl", "infonce")]
    check(max(ones) - min(ones) < NOISE, errors[0] > errors[1])
    order = sorted(names, key=lambda name: -by[name].sum)
    said = ", ".join(f"`{name}` {by[name].sum:.1f}" for name in order)
    before = np.mean([each.curve[0] for each in by["ncl"].heads])
    return {
        "losses.least": f"{min(ones):.1f}",
        "losses.most": f"{max(ones):.1f}",
        "losses.sums": said,
        "losses.before": f"{before:.1f}",
        "losses.error.ncl": f"{errors[0]:.2f}",
        "losses.error.infonce": f"{errors[1]:.2f}",
    }
