"""Scoring from Python: tokens in, similarities out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from vrbench.alignments import parse_method
from vrbench.alignments.engine import driver
from vrbench.alignments.prototypes import method_of
from vrbench.features.tokens import as_tokens
from vrbench.sims.sim import Sim


def score(
    text: Any,
    video: Any,
    method: str | Callable[..., Any] = "tokenflow",
    *,
    precision: Literal["single", "double"] = "single",
    workers: int | None = None,
    device: str = "auto",
    weights: Mapping[str, Any] | None = None,
) -> Sim:
    """Score every text against every video.

    Args:
        text: Tokens, or a list of n_text (l, d) arrays, which are scaled to length 1.
        video: Tokens, or a list of n_video (l, d) arrays.
        method: spec of an alignment, or a weighted sum ``0.5*global+0.5*tokenflow:lam=5``; or a
            function of the tokens of a text and of a video, see ``vrbench.alignment``.
        precision: float32 (``single``) or float64 (``double``) products and result.
        workers: threads; None: one a core. The result does not depend on it.
        device: ``auto``, ``cpu`` or ``cuda``.
        weights: what a head has learnt for the method, by its names in a head file.

    Returns:
        Sim with t2v and v2t, (n_text, n_video) each, or (levels, n_text, n_video) of a method with
        alignment levels; ``.flat()`` takes their mean. The inputs are not changed.

    Raises:
        InputError: the method is unknown, widths differ, or an item is malformed; or a function
            raises, or returns no finite number.
    """
    chosen = parse_method(method) if isinstance(method, str) else method_of(method)
    return driver.score(
        as_tokens(text, "text"),
        as_tokens(video, "video"),
        chosen.with_weights(weights or {}),
        precision=precision,
        workers=workers,
        device=device,
    )
