"""The text of the page on heads, with numbers taken from its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from docs.heads_measured import Measured
from docs.heads_runs import EPOCHS, RATES, SEEDS, SUM, Training

NOISE = 1.4
"""Standard deviation of an R@1 of 10 percent over 476 queries, in points."""

HEAD = f"""# What training gives on stored features

Made by `python -m docs heads --shared ../shared`, which extracts the features, trains and measures
(about an hour on two cores; `build/heads` keeps what is done). Training features: frames and words
of 3,351 MSR-VTT videos and their 66,514 captions by the encoders of the bundled features, before
any projection: 768 numbers a token, up to 2 frames a video. Test: the 476 videos of 1k-A at hand
(2 to 12 frames) with one caption each; train bank: 2,000 captions of 1,000 further videos.

Everything is chosen on training videos: the learning rate (of {RATES[0]:g} and {RATES[1]:g}) by
seed {SEEDS[0]}'s validation, the epoch (of {EPOCHS}) by each seed's, `ncl`'s temperature on halves
of the bank. Then the test set is measured once. *Validation* is the sum of R@1, R@5 and R@10 of
both directions on a tenth of the training videos. Numbers are means of {len(SEEDS)} seeds with
their standard deviation, which also draw the validation videos; *oracle* is a bank of the test
queries (transductive). R@K in percent of 476 queries: the sampling of queries alone has a standard
deviation of about 1.4 points at an R@1 of 10. *s* are CPU seconds of a training on one thread, *MB*
its peak memory, imports and 1.2 GB of features included; *parameters* are what is trained."""

HEADS = """## Heads

One alignment, `0.5*global+0.5*tokenflow`, and one loss, `infonce`. `linear` is 768 x 768 numbers a
side and begins with the identity; `projection+linear` begins with the identity behind the closed
form of `vrbench train projection`, which is fitted without the validation videos."""

ALIGNMENTS = """## Alignments

Each trained with its own similarity (TokenFlow Tables 5 and 6 in shape), head `projection+linear`;
first the closed form without any training. `learnable` has a weight for each pair of places.
The first line's seconds are those of the closed form's fit, the others begin with it. `emd` is left
out: its plans make a step several times slower."""

OBJECTIVES = """## Losses

Head `projection+linear` (NCL Tables 1 to 4, the last row of TokenFlow Table 1 in shape).
`15*ncl:gamma=0.07` is what replaces `triplet` in NCL Table 4; `momentum` has the numbers of
TokenFlow's Appendix E. The error is the normalization error of the raw similarities at gamma
0.01."""


@dataclass(frozen=True)
class Found:
    """All that is measured.

    Attributes:
        heads: one alignment and loss, by head.
        untrained: the closed form, by alignment.
        alignments: one head and loss, by alignment.
        losses: one head, by alignment and loss.
        longer: one head, with more epochs and a queue.
        curves: the validation of the first seed's longer trainings, by rate.
    """

    heads: Sequence[Measured]
    untrained: Sequence[Measured]
    alignments: Sequence[Measured]
    losses: Sequence[Measured]
    longer: Sequence[Measured]
    curves: Mapping[Training, list[float]]


def seen(found: Found) -> str:
    """Return what holds of the papers' claims on these features.

    Raises:
        ValueError: a sentence is no longer true of the numbers.
    """
    sentences = (_trained(found), _tokenflow(found), _ncl(found), _losses(found))
    return "\n\n".join(wrapped(*one) for one in sentences)


def wrapped(*said: str) -> str:
    """Return sentences as a paragraph."""
    return "\n".join(wrap(" ".join(said), 100, break_on_hyphens=False))


def _trained(found: Found) -> tuple[str, ...]:
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
    _check(min(gains.values()) > 0, most == "tokenflow", max(map(abs, ones)) < NOISE)
    before, after = pairs[most]
    return (
        "**Training.** It raises the validation of every alignment, by",
        f"{min(gains.values()):.1f} to {max(gains.values()):.1f} points of the sum of six recalls,",
        f"most that of `{most}` ({before.sum:.1f} to {after.sum:.1f}). On the test videos t2v R@1",
        f"changes by {min(ones):+.1f} to {max(ones):+.1f}, less than 476 queries can show, and",
        f"R@10 by {min(tens):+.1f} to {max(tens):+.1f}.",
    )


def _tokenflow(found: Found) -> tuple[str, ...]:
    by = {one.training.method: one for one in found.alignments}
    names = ("global", SUM, "tokenflow")
    level = [by[name].mean("raw") for name in names]
    others = [by[name].mean("raw") for name in by if name not in ("uniform", "learnable")]
    same = abs(by["uniform"].mean("raw") - by["learnable"].mean("raw"))
    _check(max(level) - min(level) < NOISE, by["uniform"].mean("raw") < min(others), same < 0.2)
    said = ", ".join(f"`{name}` {value:.1f}" for name, value in zip(names, level, strict=True))
    return (
        "**TokenFlow** (Tables 5 and 6) reports the sum with the global similarity above every",
        f"other alignment. Here it is level with its two parts in t2v R@1 ({said}), `max-avg`",
        f"({by['max-avg'].mean('raw'):.1f}) and `scan` ({by['scan'].mean('raw'):.1f}) are somewhat",
        f"lower, and `uniform` is the lowest ({by['uniform'].mean('raw'):.1f}), as in the paper.",
        f"`learnable` ({by['learnable'].mean('raw'):.1f}) hardly leaves `uniform`, from",
        "which it begins: training videos have two frames, so that nothing is learnt for later",
        "places.",
    )


def _ncl(found: Found) -> tuple[str, ...]:
    one = next(one for one in found.alignments if one.training.method == "global")
    raw, train = (
        [one.mean(bank, "R@1", way) for way in ("t2v", "v2t")] for bank in ("raw", "train")
    )
    ten = [one.mean(bank, "R@10") for bank in ("raw", "train")]
    error = one.fairer("t2v")
    _check(error[1] < error[0] / 2, train[0] < raw[0], train[1] > raw[1], ten[1] > ten[0])
    return (
        "**Normalization at test time** (NCL) makes retrieval fairer, as it says: behind the head",
        "that is trained with `global`, a bank of training queries takes the error of t2v (at the",
        "gamma that was chosen) from",
        f"{error[0]:.2f} to {error[1]:.2f}. v2t R@1 rises ({raw[1]:.1f} to {train[1]:.1f}), and so",
        f"does t2v R@10 ({ten[0]:.1f} to {ten[1]:.1f}), but t2v R@1 falls ({raw[0]:.1f} to",
        f"{train[0]:.1f}).",
    )


def _losses(found: Found) -> tuple[str, ...]:
    by = {(one.training.method, one.training.loss): one for one in found.losses}
    plain, ncl = by["global", "infonce"], by["global", "ncl"]
    teacher = next(one for (method, loss), one in by.items() if method == SUM and "mom" in loss)
    triplet, dsl = by["global", "triplet"], by["global", "dsl"]
    errors = [float(np.mean(one.errors("t2v"))) for one in (plain, ncl)]
    ones = [one.mean("raw") for one in by.values()]
    _check(max(ones) - min(ones) < 2 * NOISE, ncl.sum < plain.sum)
    return (
        "**Losses.** No loss is shown to be better than another: all t2v R@1 lie between",
        f"{min(ones):.1f} and {max(ones):.1f}. In validation `triplet` ({triplet.sum:.1f}) and",
        f"`infonce` ({plain.sum:.1f}) are ahead of `ncl` ({ncl.sum:.1f}), and `dsl` hardly leaves",
        f"its start ({dsl.sum:.1f}). With `ncl` the raw error of t2v is {errors[1]:.2f}, with",
        f"`infonce` {errors[0]:.2f}. Momentum distillation of the sum gives {teacher.sum:.1f},",
        f"without it {by[SUM, 'infonce'].sum:.1f}.",
    )


def _check(*claims: bool) -> None:
    if not all(claims):
        wrong = [i for i, claim in enumerate(claims) if not claim]
        raise ValueError(f"The text no longer fits the numbers: claims {wrong}.")
