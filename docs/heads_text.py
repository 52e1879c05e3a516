"""The text of the page on heads, with numbers taken from its tables."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

import numpy as np

from docs.heads_found import Found, check, of
from docs.heads_rates import EVERY
from docs.heads_runs import EPOCHS, FEW, QUEUE, SUM
from docs.heads_settings_text import cost, rates
from docs.trained import SEEDS

NOISE = 1.4
"""Standard deviation of an R@1 of 10 percent over 476 queries, in points."""

HEAD = f"""# What training gives on stored features

Made by `python -m docs heads --shared ../shared`, which extracts the features, trains and measures
(about an hour on two cores; `build/heads` keeps what is done). Training features: frames and words
of 3,351 MSR-VTT videos and their 66,514 captions by the encoders of the bundled features, before
any projection: 768 numbers a token, up to 2 frames a video. Test: the 476 videos of 1k-A at hand
(2 to 12 frames) with one caption each; train bank: 2,000 captions of 1,000 further videos.

Everything is chosen on training videos: the learning rate by seed {SEEDS[0]}'s validation, for the
rows that several were tried for; the epoch by each seed's; `ncl`'s temperature on halves of the
bank. Then the test set is measured once. *Validation* is the sum of R@1, R@5 and R@10 of both
directions on a tenth of the training videos. Numbers are means of {len(SEEDS)} seeds with their
standard deviation, which also draw the validation videos. *Queue* is the bank of the last {QUEUE:,}
training queries as they were when they were seen (`--queue {QUEUE}`, `--bank head`), as NCL has it,
at the temperature that was chosen on the train bank; *oracle* is a bank of the test queries
(transductive). R@K in percent of 476 queries: the sampling of queries alone has a standard
deviation of about 1.4 points at an R@1 of 10. *s* are CPU seconds of the quickest of the
{len(SEEDS)} trainings, on one thread beside other work, with the features open; *GB* is the peak of
the resident memory of a process that trains a row's head for an epoch or more, with the validation,
and does nothing else; *parameters* are what is trained."""

TRIES = f"""## Rates and epochs

Validation of seed {SEEDS[0]} before training and at the best epoch, which is in brackets, within
{EPOCHS} epochs ({FEW} of `emd`). Beside 0.0001, the larger rate was tried where the last epoch is
the best, else the smaller one, and both for {len(EVERY)} alignments. The chosen one is bold."""

HEADS = f"""## Heads

One alignment, `{SUM}`, and one loss, `infonce`. `linear` is 768 x 768 numbers a
side and begins with the identity; `projection+linear` begins with the identity behind the closed
form of `vrbench train projection`, which is fitted without the validation videos."""

ALIGNMENTS = f"""## Alignments

Each trained with its own similarity (TokenFlow Tables 5 and 6 in shape), head `projection+linear`;
first the closed form without any training. `learnable` has a weight for each pair of places. `emd`
has {FEW} epochs and no queue, as it takes longer."""

OBJECTIVES = """## Losses

Head `projection+linear` (NCL Tables 1 to 4). `15*ncl:gamma=0.07` is what replaces `triplet` in NCL
Table 4; `momentum` has the numbers of TokenFlow's Appendix E. The error is the normalization error
of the raw similarities at gamma 0.01."""


def seen(found: Found) -> str:
    """Return what holds of the papers' claims on these features.

    Raises:
        ValueError: a sentence is no longer true of the numbers.
    """
    sentences = (
        rates(found),
        cost(found),
        _trained(found),
        _tokenflow(found),
        _ncl(found),
        _losses(found),
    )
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
    check(min(gains.values()) > 0, max(map(abs, ones)) < NOISE)
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
    value = {name: one.mean("raw") for name, one in by.items()}
    names = ("global", SUM, "tokenflow")
    level = [value[name] for name in names]
    lower = [value[name] for name in ("max-avg", "scan", "emd")]
    same = abs(value["uniform"] - value["learnable"])
    check(
        *(max(level) - min(level) < NOISE, max(lower) < min(level), same < 0.2),
        value["uniform"] < min(lower),
    )
    said = ", ".join(f"`{name}` {value[name]:.1f}" for name in names)
    return (
        "**TokenFlow** (Tables 5 and 6) reports the sum with the global similarity above every",
        f"other alignment. Here it is level with its two parts in t2v R@1 ({said}); `max-avg`",
        f"({value['max-avg']:.1f}), `scan` ({value['scan']:.1f}) and `emd` ({value['emd']:.1f})",
        "are somewhat lower, and `uniform` is the lowest",
        f"({value['uniform']:.1f}), as in the paper.",
        f"`learnable` ({value['learnable']:.1f}) hardly leaves `uniform`, from",
        "which it begins: training videos have two frames, so that nothing is learnt for later",
        "places.",
    )


def _ncl(found: Found) -> tuple[str, ...]:
    one = of(found, "infonce")
    banks = ("raw", "train", "queue", "oracle")
    t2v, v2t, ten = (
        {bank: one.mean(bank, *what) for bank in banks}
        for what in (("R@1", "t2v"), ("R@1", "v2t"), ("R@10", "t2v"))
    )
    error = one.fairer("t2v")
    check(
        error[1] < error[0] / 2,
        max(t2v["train"], t2v["queue"], t2v["oracle"]) < t2v["raw"],
        min(v2t["train"], v2t["queue"], v2t["oracle"]) > v2t["raw"],
        min(ten["train"], ten["queue"], ten["oracle"]) > ten["raw"],
    )

    def said(values: Mapping[str, float]) -> str:
        return f"{values['train']:.1f}, {values['queue']:.1f} and {values['oracle']:.1f}"

    return (
        "**Normalization at test time** (NCL) makes retrieval fairer, as it says: behind the head",
        "that is trained with `global`, a bank of training queries takes the error of t2v (at the",
        f"gamma that was chosen) from {error[0]:.2f} to {error[1]:.2f}. v2t R@1 rises from",
        f"{v2t['raw']:.1f} to {said(v2t)} with the bank of training queries, the queue and the",
        f"oracle, and t2v R@10 from {ten['raw']:.1f} to {said(ten)}; but t2v R@1 falls from",
        f"{t2v['raw']:.1f} to {said(t2v)}. The queue, which needs no data of its own, does about",
        "as much as the other bank.",
    )


def _losses(found: Found) -> tuple[str, ...]:
    names = ("infonce", "momentum", "triplet", "ncl", "15*ncl", "dsl")
    by = {name: of(found, name) for name in names}
    ones = [one.mean("raw") for one in by.values()]
    errors = [float(np.mean(by[name].errors("t2v"))) for name in ("ncl", "infonce")]
    check(max(ones) - min(ones) < NOISE, errors[0] > errors[1])
    order = sorted(names, key=lambda name: -by[name].sum)
    said = ", ".join(f"`{name}` {by[name].sum:.1f}" for name in order)
    return (
        "**Losses.** No loss is shown to be better than another: all t2v R@1 lie between",
        f"{min(ones):.1f} and {max(ones):.1f}. In validation: {said}; before training it is",
        f"{np.mean([each.curve[0] for each in by['ncl'].heads]):.1f}. The raw error",
        f"of t2v is {errors[0]:.2f} with `ncl` and {errors[1]:.2f} with `infonce`: training with",
        "the normalization leaves the raw similarities no fairer.",
    )
