"""The text of the page on heads, with numbers taken from its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from docs.heads_measured import Measured
from docs.heads_runs import (
    EPOCHS,
    FEW,
    FROM_IDENTITY,
    MOST,
    QUEUE,
    RATES,
    SEEDS,
    SUM,
    Trained,
    Training,
)
from vrbench.training.settings import TrainingSettings

NOISE = 1.4
"""Standard deviation of an R@1 of 10 percent over 476 queries, in points."""
PATIENCE = TrainingSettings("linear").patience

HEAD = f"""# What training gives on stored features

Made by `python -m docs heads --shared ../shared`, which extracts the features, trains and measures
(about an hour on two cores; `build/heads` keeps what is done). Training features: frames and words
of 3,351 MSR-VTT videos and their 66,514 captions by the encoders of the bundled features, before
any projection: 768 numbers a token, up to 2 frames a video. Test: the 476 videos of 1k-A at hand
(2 to 12 frames) with one caption each; train bank: 2,000 captions of 1,000 further videos.

Everything is chosen on training videos: the learning rate by seed {SEEDS[0]}'s validation, for
`global` and for the sum, whose rates the other losses and alignments take over (`linear`, which has
further to go, has {FROM_IDENTITY:g}); the epoch by each seed's; `ncl`'s temperature on halves of
the bank. Then the test set is measured once. *Validation* is the sum of R@1, R@5 and R@10 of both
directions on a tenth of the training videos. Numbers are means of {len(SEEDS)} seeds with their
standard deviation, which also draw the validation videos. *Queue* is the bank of the last {QUEUE:,}
training queries as they were when they were seen (`--queue {QUEUE}`, `--bank head`), as NCL has it,
at the temperature that was chosen on the train bank; *oracle* is a bank of the test queries
(transductive). R@K in percent of 476 queries: the sampling of queries alone has a standard
deviation of about 1.4 points at an R@1 of 10. *s* are CPU seconds of the quickest of the
{len(SEEDS)} trainings, on one thread beside other work, with the features open; *parameters* are
what is trained."""

TRIES = f"""## Rates and epochs

`infonce`, head `projection+linear`, seed {SEEDS[0]}: validation before training and after each of
{EPOCHS} epochs."""

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


@dataclass(frozen=True)
class Found:
    """All that is measured.

    Attributes:
        heads: one alignment and loss, by head.
        untrained: the closed form, by alignment.
        alignments: one head and loss, by alignment.
        losses: one head, by alignment and loss.
        tries: trainings with each learning rate, with the first seed.
    """

    heads: Sequence[Measured]
    untrained: Sequence[Measured]
    alignments: Sequence[Measured]
    losses: Sequence[Measured]
    tries: Mapping[Training, Trained]


def seen(found: Found) -> str:
    """Return what holds of the papers' claims on these features.

    Raises:
        ValueError: a sentence is no longer true of the numbers.
    """
    sentences = (_rates(found), _trained(found), _tokenflow(found), _ncl(found), _losses(found))
    return "\n\n".join(wrapped(*one) for one in sentences)


def wrapped(*said: str) -> str:
    """Return sentences as a paragraph."""
    return "\n".join(wrap(" ".join(said), 100, break_on_hyphens=False))


def _rates(found: Found) -> tuple[str, ...]:
    best = {
        method: max(
            (one for one in found.tries if one.method == method),
            key=lambda one: found.tries[one].validation(),
        )
        for method in ("global", SUM)
    }
    short, long = (_of(found, "infonce", epochs) for epochs in (EPOCHS, MOST))
    ends = sorted(len(one.curve) - 1 for one in long.heads)
    _check(all(one.lr == RATES[1] for one in best.values()), ends[-1] < MOST)
    return (
        f"**Rate and epochs.** {RATES[1]:g} validates best for both alignments, above {RATES[0]:g}",
        f"and {RATES[2]:g}. Where `global` is given {MOST} epochs, its seeds stop after",
        f"{ends[0]} to {ends[-1]}, as {PATIENCE} epochs brought nothing better: validation is",
        f"{long.sum:.1f}, with {EPOCHS} epochs {short.sum:.1f}, and t2v R@1 {long.mean('raw'):.1f}",
        f"and {short.mean('raw'):.1f}.",
    )


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
    _check(min(gains.values()) > 0, max(map(abs, ones)) < NOISE)
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
    _check(
        *(max(level) - min(level) < NOISE, max(lower) < min(level), same < 0.2),
        value["uniform"] < min(lower),
        all(one.curve[-1] == max(one.curve) for one in by["tokenflow"].heads),
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
        "places. `tokenflow` validates best after its last epoch with every seed: a larger rate",
        "than the sum's, or more epochs, would serve it.",
    )


def _ncl(found: Found) -> tuple[str, ...]:
    one = _of(found, "infonce")
    banks = ("raw", "train", "queue", "oracle")
    t2v, v2t, ten = (
        {bank: one.mean(bank, *what) for bank in banks}
        for what in (("R@1", "t2v"), ("R@1", "v2t"), ("R@10", "t2v"))
    )
    error = one.fairer("t2v")
    _check(
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
    by = {name: _of(found, name) for name in names}
    ones = [one.mean("raw") for one in by.values()]
    errors = [float(np.mean(by[name].errors("t2v"))) for name in ("ncl", "infonce")]
    _check(max(ones) - min(ones) < NOISE, errors[0] > errors[1])
    order = sorted(names, key=lambda name: -by[name].sum)
    said = ", ".join(f"`{name}` {by[name].sum:.1f}" for name in order)
    return (
        "**Losses.** No loss is shown to be better than another: all t2v R@1 lie between",
        f"{min(ones):.1f} and {max(ones):.1f}. In validation: {said}; before training it is",
        f"{np.mean([each.validation(before=True) for each in by['ncl'].heads]):.1f}. The raw error",
        f"of t2v is {errors[0]:.2f} with `ncl` and {errors[1]:.2f} with `infonce`: training with",
        "the normalization leaves the raw similarities no fairer.",
    )


def _of(found: Found, loss: str, epochs: int = EPOCHS) -> Measured:
    """Return the row of `global` with a loss whose spec begins so."""
    for one in found.losses:
        name = one.training.loss.partition(":")[0]
        if (one.training.method, name, one.training.epochs) == ("global", loss, epochs):
            return one
    raise KeyError(loss)


def _check(*claims: bool) -> None:
    if not all(claims):
        wrong = [i for i, claim in enumerate(claims) if not claim]
        raise ValueError(f"The text no longer fits the numbers: claims {wrong}.")
