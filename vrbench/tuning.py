"""Parameters of a normalization, chosen on a validation part of the bank: never on the test set."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean
from vrbench.evaluation import Run
from vrbench.features import Features, Tokens
from vrbench.grid import Settings, plan
from vrbench.normalizations import normalizations
from vrbench.registry import format_value, parameters
from vrbench.sources import Compute, FeatureSource

DIRECTIONS = {"t2v": ("t2v",), "v2t": ("v2t",), "both": ("t2v", "v2t")}


@dataclass(frozen=True)
class Tuning:
    """What was tried and chosen.

    Attributes:
        spec: the chosen normalization.
        curve: spec, R@1 and MnR (means over the directions) of each trial, in the order tried.
        about: size of the validation part and of its bank, seed, directions.
    """

    spec: str
    curve: list[dict[str, Any]]
    about: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return what a Result keeps of it."""
        return {"chosen": self.spec, **self.about, "curve": self.curve}


def tune(
    features: Features,
    method: str,
    norm: str,
    grid: Mapping[str, Sequence[str]] | None = None,
    *,
    bank: str | None = None,
    direction: str = "both",
    share: float = 0.5,
    seed: int = 0,
    compute: Compute | None = None,
) -> Tuning:
    """Choose a normalization's parameters by R@1 on held-out videos of the bank.

    The bank's videos are split: a ``share`` of them with their texts is the validation set, the
    rest with theirs is its bank. Equal R@1: the lower MnR; equal again: the first tried.

    Args:
        features: a file with a bank whose texts name their videos.
        method: spec of the alignment.
        norm: spec of the normalization; parameters given in it stay as they are.
        grid: values to try by parameter; None: the normalization's own list.
        bank: kind of bank: ``train`` (the rest of the bank) or ``test`` (the validation queries).
        direction: ``t2v``, ``v2t`` or ``both``.
        share: of the bank's videos.
        seed: of the split.
        compute: how to compute.

    Raises:
        InputError: the file has no usable bank, or the norm has no such parameter.
    """
    held_out = validation(features, share, seed)
    specs = trials(norm, grid)
    how = compute or Compute()
    source = FeatureSource(held_out, how)
    settings = Settings(precision=how.precision, seed=seed)
    jobs = plan(source, settings, [method], specs, bank)
    curve = []
    for result in Run(source, settings, how).run(jobs):
        metrics = [result["metrics"][d] for d in DIRECTIONS[direction]]
        means = {key: float(np.mean([m[key] for m in metrics])) for key in ("R@1", "MnR")}
        curve.append({"norm": result["norm"], **means})
    best = max(curve, key=lambda trial: (trial["R@1"], -trial["MnR"]))
    assert held_out.bank_text is not None  # validation() has made it
    about = {
        "validation": [len(held_out.text), len(held_out.video)],
        "bank": [len(held_out.bank_text), len(held_out.bank_video or ())],
        "direction": direction,
        "seed": seed,
    }
    return Tuning(best["norm"], curve, about)


def trials(norm: str, grid: Mapping[str, Sequence[str]] | None) -> list[str]:
    """Return the specs to try: every combination of the grid's values.

    Raises:
        InputError: the norm has no such parameter, or nothing to tune.
    """
    method = normalizations.parse(norm)
    name, _, fixed = norm.partition(":")
    known = [field.name for field in parameters(type(method))]
    for key in grid or ():
        if key not in known:
            raise InputError(
                f"'{name}' has no parameter '{key}'.{did_you_mean(key, known)} "
                f"Parameters: {', '.join(known) or 'none'}."
            )
    given = {part.partition("=")[0].strip() for part in fixed.split(",")}
    own = {k: [format_value(v) for v in values] for k, values in method.tunable}
    values = dict(grid) if grid else {k: v for k, v in own.items() if k not in given}
    if not values:
        raise InputError(f"'{norm}' has nothing to tune: name a parameter with --try key=v,v,v.")
    pairs = [[f"{key}={value}" for value in listed] for key, listed in values.items()]
    start = [fixed] if fixed else []
    return [f"{name}:{','.join([*start, *chosen])}" for chosen in itertools.product(*pairs)]


def validation(features: Features, share: float, seed: int) -> Features:
    """Split the bank into a validation set and its bank.

    Raises:
        InputError: there is no bank, its texts do not name their videos, or a part is empty.
    """
    texts, videos = features.bank_text, features.bank_video
    if texts is None or videos is None or texts.video is None:
        raise InputError(
            f"{features.path} has no bank of texts and videos with /bank/text/video to tune on: "
            "extract or import one; parameters are never chosen on the test set."
        )
    if not 0 < share < 1:
        raise InputError(f"The validation share must lie between 0 and 1, it is {share}.")
    order = np.random.default_rng(seed).permutation(len(videos))
    cut = round(share * len(videos))
    held, rest = np.sort(order[:cut]), np.sort(order[cut:])
    parts = [_with_texts(texts, videos, rows) for rows in (held, rest)]
    if any(not len(text) or not len(video) for text, video in parts):
        raise InputError(f"The bank of {features.path} is too small to be split for tuning.")
    (text, video), (bank_text, bank_video) = parts
    return replace(features, text=text, video=video, bank_text=bank_text, bank_video=bank_video)


def _with_texts(texts: Tokens, videos: Tokens, rows: NDArray[Any]) -> tuple[Tokens, Tokens]:
    """Return the texts of some videos, renumbered, and these videos."""
    assert texts.video is not None
    new_row = np.full(len(videos), -1, dtype=np.int64)
    new_row[rows] = np.arange(len(rows))
    chosen = texts.take(np.flatnonzero(new_row[texts.video] >= 0))
    columns = {**chosen.item_columns, "video": new_row[chosen.item_columns["video"]]}
    return replace(chosen, item_columns=columns), videos.take(rows)
