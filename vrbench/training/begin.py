"""The weights that a training begins with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method, alignments
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.features.tokens import FRAME_LEVEL
from vrbench.heads import HeadSpec, heads
from vrbench.heads.base import HeadPart, Side, Start, sizes
from vrbench.heads.head import SCALE, check_weights, of_part
from vrbench.training.items import Index

if TYPE_CHECKING:
    from torch import Tensor

SCALE_START = 1 / 0.07
"""CLIP's."""


def begin(
    spec: HeadSpec,
    features: Features,
    trained: Index,
    seed: int,
    given: Mapping[str, NDArray[np.floating]] | None = None,
) -> dict[str, Tensor]:
    """Return the first weights of all heads, in order, and the logit scale.

    Args:
        spec: the heads.
        features: the training features.
        trained: rows of the videos that train: what is fitted in closed form sees no others.
        seed: of random weights.
        given: weights that are known already, ``HEAD.NAME``: all of a head, or none.

    Raises:
        InputError: the features do not fit the heads, or what is given does not; or a head from
            outside raises.
    """
    import torch

    rng = torch.Generator().manual_seed(seed)
    weights = {SCALE: torch.tensor(math.log(SCALE_START))}
    text, video = features.text, features.video
    widths: dict[Side, int] = {"text": text.dim, "video": video.dim}
    seen = features.limited(trained)
    longest = int(text.lengths.max()), int(video.counts_at(FRAME_LEVEL).max())
    for number, (name, part) in enumerate(spec.parts.items()):
        if number and not part.trained:
            raise InputError(f"'{name}' is fitted on the features as they are: put it first.")
        mine = {key: torch.tensor(value) for key, value in of_part(name, given or {}).items()}
        with heads.calling(part):
            if not mine:  # else a fit would be for nothing
                mine = part.init(Start(widths["text"], widths["video"], *longest, rng, seen))
            sizes(name, part.shapes(), {key: tuple(value.shape) for key, value in mine.items()})
            weights |= {f"{name}.{key}": value.detach().float() for key, value in mine.items()}
            widths = {side: _width(part, mine, side, width) for side, width in widths.items()}
    if given and SCALE in given:
        weights[SCALE] = torch.tensor(given[SCALE]).float()
    check_weights(spec, {name: value.numpy() for name, value in weights.items()})
    if len({*widths.values()}) > 1:
        raise InputError(
            f"Text tokens have width {widths['text']} and video tokens {widths['video']} after "
            f"{spec.spec}: put linear or projection first, which bring them into one space."
        )
    return weights


def _width(part: HeadPart, weights: Mapping[str, Tensor], side: Side, width: int) -> int:
    import torch

    from vrbench.alignments.engine.batch import Packed

    one = Packed(torch.zeros(1, width), [1])
    return int(part.apply(weights, side, one).tokens.shape[1])


def check_stored_weights(features: Features, method: Method, spec: HeadSpec) -> None:
    """Refuse weights of tokens that scoring reads from the file, and training does not.

    Raises:
        InputError: the method reads them, and no head is there to give others.
    """
    for _, part in method.parts:
        name = alignments.spec(part).partition(":")[0]
        for items in (features.text, features.video):
            if part.stored in items.token_columns and name not in spec.parts:
                raise InputError(
                    f"{items.name} has a column {part.stored}, which {name} reads and training "
                    f"does not: add the head {name}, give another --method, or leave the column "
                    "out."
                )
