"""Several heads of one file of training features, in a folder: each named by its training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrbench import results
from vrbench.errors import InputError
from vrbench.features import Features, Tokens
from vrbench.features.tokens import FRAME_LEVEL, offsets_of
from vrbench.heads import HeadSpec
from vrbench.heads.base import Side
from vrbench.heads.check_features import made_with
from vrbench.training.identity import identity_of
from vrbench.training.settings import TrainingSettings
from vrbench.training.state import partial

SIDES: tuple[Side, ...] = ("text", "video")


def path_in(folder: Path, features: Features, settings: TrainingSettings) -> Path:
    """Return the file of a head: its method, and a hash of everything that decides its training."""
    key = results.identity(identity_of(features, settings))
    return folder / f"{results.stem('', settings.method, '', key)}.safetensors"


def state_of(path: Path) -> str:
    """Return ``exists``, ``unfinished`` or ``to be trained``."""
    if path.exists():
        return "exists"
    return "unfinished" if partial(path).exists() else "to be trained"


def check_places(spec: HeadSpec, train: Features, test: Features) -> None:
    """Check, before a head is trained, that it will have a place for each token of the test items.

    Raises:
        InputError: it will not.
    """
    longest: dict[Side, int] = {side: int(_frames(train, side).max()) for side in SIDES}
    for name, part in spec.parts.items():
        for side, most in part.places(longest).items():
            lengths = _frames(test, side)
            if lengths.max() > most:
                item = getattr(test, side).ids[int(lengths.argmax())]
                raise InputError(
                    f"The {side} '{item}' of {test.path} has {lengths.max()} tokens, and the head "
                    f"{name} would have places for {most}: give it as many, or train on items as "
                    "long."
                )


def _frames(features: Features, side: Side) -> NDArray[np.int64]:
    """(n,) tokens of each item, patches left out."""
    items: Tokens = getattr(features, side)
    levels = items.token_columns.get("level")
    if levels is None:
        return items.lengths
    before = offsets_of(np.asarray(levels[:]) == FRAME_LEVEL)
    return before[items.offsets[1:]] - before[items.offsets[:-1]]


def check_apart(train: Features, test: Features) -> None:
    """Check, before a head is trained, that it may be evaluated: other videos, the same encoder.

    Raises:
        InputError: it may not.
    """
    described = train.video.ids[np.unique(train.text_video)]
    known = {str(one) for one in described}
    shared = [str(one) for one in test.video.ids if str(one) in known]
    if shared:
        raise InputError(
            f"{train.path} would train on {len(shared)} of the {len(test.video)} test videos of "
            f"{test.path}, the first is '{shared[0]}': train on others."
        )
    if train.text.normalized != test.text.normalized:
        raise InputError(
            f"Cosines are scored of one of {train.path} and {test.path}, and dot products of the "
            "other: import both with --normalized, or both with --raw."
        )
    ours, theirs = made_with(train), made_with(test)
    for name, value in ours.items():
        if value != theirs[name]:
            what = "encoder" if name == "encoder" else f"{name} of the encoder"
            raise InputError(
                f"{train.path} and {test.path} were made with another {what}: train on features "
                "like those of the test."
            )
