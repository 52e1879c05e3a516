"""Scoring from Python, with or without a head: tokens in, similarities out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from vrbench.alignments import scoring
from vrbench.errors import InputError
from vrbench.features.tokens import as_tokens
from vrbench.heads import load
from vrbench.heads.applied import apply_side
from vrbench.heads.head import Head
from vrbench.sims.sim import Sim

Given = Head | str | Path | Mapping[str, Any]
"""A head: itself, its file, or its arrays by ``HEAD.NAME``."""


def score(
    text: Any,
    video: Any,
    method: str | Callable[..., Any] = "",
    *,
    precision: Literal["single", "double"] = "single",
    workers: int | None = None,
    device: str = "auto",
    head: Given | None = None,
) -> Sim:
    """Score every text against every video.

    Args:
        text: Tokens, or a list of n_text (l, d) arrays, which are scaled to length 1.
        video: Tokens, or a list of n_video (l, d) arrays.
        method: spec of an alignment, or a weighted sum ``0.5*global+0.5*tokenflow:lam=5``; or a
            function of the tokens of a text and of a video, see ``vrbench.alignment``. Left
            out: the method that the head was trained with, else ``tokenflow``.
        precision: float32 (``single``) or float64 (``double``) products and result.
        workers: threads; None: one a core. The result does not depend on it.
        device: ``auto``, ``cpu`` or ``cuda``.
        head: what is learnt: a Head, a head file, or arrays such as ``{"learnable.weight": w}``.
            It gets tokens as they are given, before they are scaled.

    Returns:
        Sim with t2v and v2t, (n_text, n_video) each, or (levels, n_text, n_video) of a method with
        alignment levels; ``.flat()`` takes their mean. The inputs are not changed.

    Raises:
        InputError: the method is unknown, widths differ, an item or the head is malformed, or a
            function raises, or returns no finite number.
    """
    how: dict[str, Any] = {"precision": precision, "workers": workers, "device": device}
    if head is None:
        return scoring.score(text, video, "tokenflow" if method == "" else method, **how)
    if precision not in ("single", "double"):
        raise InputError(f"Unknown precision '{precision}': use single, double.")
    learnt = as_head(head)
    sides = (
        apply_side(learnt, "text", as_tokens(text, "text"), precision),
        apply_side(learnt, "video", as_tokens(video, "video"), precision),
    )
    spec = (learnt.method or "tokenflow") if method == "" else method
    return scoring.score(*sides, spec, **how, weights=learnt.weights)


def as_head(given: Given) -> Head:
    """Return a head as it is, from its file, or of its arrays.

    Raises:
        InputError: it is malformed.
    """
    if isinstance(given, Head):
        return given
    return load(given) if isinstance(given, str | Path) else Head.of_arrays(given)
