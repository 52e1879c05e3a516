"""Fusion of similarities; weights are chosen on the banks of the files, never on the test set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vrbench.errors import InputError
from vrbench.metrics.ranking import count_ranks, summary
from vrbench.runtime.outputs import check_output
from vrbench.runtime.progress import Progress, phase
from vrbench.sims.file import load_sim
from vrbench.sims.fused_files import Aligned, align, write_fused
from vrbench.sims.fusing import check_how, check_weights, fuse_sims, grid
from vrbench.sims.sim import DIRECTIONS, Sim
from vrbench.sims.truth import Truth, queries_of


def fuse(
    *sims: Any,
    how: str = "rrf",
    weights: Sequence[float] | Literal["tune"] | None = None,
    out: str | Path | None = None,
) -> Sim:
    """Fuse similarities of the same texts and videos, as ``vrbench fuse``.

    ``out[q, g] = sum_i w_i f(s_i)[q, g]``, f over the row of each query: t2v over texts, v2t over
    videos. Of files the items are joined by name.

    >>> import numpy as np, vrbench
    >>> a, b = np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([[3.0, 7.0], [2.0, 4.0]])
    >>> vrbench.fuse(a, b, how="min-max", weights=[1, 0.5]).t2v.tolist()
    [[1.0, 0.5], [0.0, 1.5]]

    Args:
        sims: two or more, (n_text, n_video) each: similarity files, or ``Sim`` and matrices whose
            items are in one order.
        how: ``rrf``, ``dbsf``, ``min-max``, ``z`` or ``sum``.
        weights: one for each; ``tune``: the best on the banks of the files; None: 1 for each.
        out: similarity file to write, with banks and names; only for files.

    Returns:
        (n_text, n_video) fused similarities, float64.

    Raises:
        InputError: there are fewer than two, items differ, or ``how`` or the weights are wrong.
    """
    files = [isinstance(one, str | Path) for one in sims]
    if all(files):
        place = None if out is None else Path(out)
        return fused([Path(one) for one in sims], how, weights, place)[0]
    if any(files) or out is not None or weights == "tune":
        raise InputError(
            "Similarities in memory have no names or banks: give files alone, or neither out nor "
            "weights='tune'."
        )
    return fuse_sims([one if isinstance(one, Sim) else Sim(one, one) for one in sims], how, weights)


def fused(
    paths: Sequence[Path],
    how: str,
    weights: Sequence[float] | Literal["tune"] | None,
    out: Path | None,
    progress: Progress | None = None,
) -> tuple[Sim, list[str]]:
    """Fuse similarity files, and write the result where ``out`` is given.

    Args:
        paths: two or more files of the same items, which are joined by name.
        how: what is done to the scores of a query, see ``vrbench.sims.fusing``.
        weights: one for each; ``tune``: the best on their banks; None: 1 for each.
        out: the similarity file to write.
        progress: called before and after each phase.

    Returns:
        The similarities, and notes.

    Raises:
        InputError: files or weights are wrong, or ``out`` cannot be written.
    """
    check_how(how)
    if out is not None:
        check_output("--out", out, list(paths), "similarity")
    with phase("reading", progress):
        aligned = align([load_sim(path) for path in paths])
    said: tuple[str, ...] = ()
    if weights == "tune":
        with phase("weights", progress):
            chosen, said = tuned_weights(aligned, how)
    else:
        chosen = (1.0,) * len(paths) if weights is None else tuple(weights)
    check_weights(chosen, len(paths))
    notes = [*said, *aligned.notes]
    with phase("fusing", progress):
        if out is None:
            return aligned.fused(aligned.sims, how, chosen), notes
        return write_fused(out, aligned, how, chosen, said), notes


def tuned_weights(aligned: Aligned, how: str) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Return the weights with the best R@1 on the banks, mean of both directions, and a note.

    The bank's texts ask for the bank's videos, and the other way. Equal R@1: the lower MnR; equal
    again: the first tried.

    Args:
        aligned: the files.
        how: what is done to the scores of a query.

    Raises:
        InputError: a file does not hold the bank against itself.
    """
    owner = aligned.files[0].beside.get("bank_text_video")
    if aligned.inner is None or owner is None:
        raise InputError(
            f"Not all of {', '.join(file.path.name for file in aligned.files)} hold bank_bank_t2v "
            "(bank texts x bank videos) and bank_text_video to choose weights on: vrbench eval "
            "--norm ncl --save-sim writes both; weights are never chosen on the test set."
        )
    truth = Truth.of(aligned.inner[0].t2v.shape, owner)
    files = len(aligned.files)
    tried = {weights: _measured(aligned, how, weights, truth) for weights in grid(files)}
    best = max(tried, key=lambda weights: (tried[weights][0], -tried[weights][1]))
    n = f"{truth.n_text} texts x {truth.n_video} videos"
    alone = ", ".join(f"{tried[one][0]:.1f}" for one in _alone(files))
    said = (
        f"Weights {', '.join(f'{weight:g}' for weight in best)} are the best of {len(tried)} by "
        f"R@1 on the banks ({n}): {tried[best][0]:.1f}, mean of both directions; each file alone "
        f"{alone}."
    )
    return best, (said,)


def _alone(n: int) -> list[tuple[float, ...]]:
    return [tuple(float(i == j) for j in range(n)) for i in range(n)]


def _measured(
    aligned: Aligned, how: str, weights: tuple[float, ...], truth: Truth
) -> tuple[float, float]:
    """Return R@1 and mean rank, means of both directions."""
    assert aligned.inner is not None
    sim = aligned.fused(aligned.inner, how, weights)
    found = []
    for direction in DIRECTIONS:
        ranks = count_ranks(queries_of(getattr(sim, direction), truth, direction)).ranks()
        numbers = summary(ranks, (1,))
        found.append((numbers["R@1"], numbers["MnR"]))
    recall, mean = np.mean(found, axis=0)
    return float(recall), float(mean)
