"""``video-paragraph``: long videos and paragraphs told apart by optimal transport."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.losses.base import check_positive
from vrbench.losses.batch import tensor
from vrbench.losses.clip_caption import Variant, check_variant
from vrbench.sequences.engine.sinkhorn import Problem, plans
from vrbench.sequences.plan import bucketed, check, in_range

if TYPE_CHECKING:
    from torch import Tensor

Rows = NDArray[np.int64]


def video_paragraph(
    sim: Any,
    text_lengths: Any,
    video_lengths: Any,
    tau: float | Tensor = 0.07,
    reg: float = 0.1,
    iterations: int = 50,
    bucket: float | None = None,
    variant: Variant = "exact",
) -> Any:
    """Cross entropy of paragraphs and long videos, scored by their transport plans.

    ``L = -sum_i (log softmax_j(X / tau)[i, i] + log softmax_j(X^T / tau)[i, i])`` with
    ``X[i, j] = sum(Q_ij * S_ij)``, S_ij the captions of paragraph i x the clips of video j and Q_ij
    its ``transport_plan``, a constant of the gradient.

    Args:
        sim: (sum captions, sum clips) similarities of all sequences, one after the other. Torch
            tensors or arrays.
        text_lengths: (n,) captions of each paragraph.
        video_lengths: (n,) clips of each long video; video i belongs to paragraph i.
        tau: temperature > 0; a tensor may be learnt.
        reg: weight > 0 of the entropy.
        iterations: of Sinkhorn, at least 1.
        bucket: the value of the alignable prompt bucket is this quantile, 0 to 1, of the diagonal
            of ``sim``, the similarities of captions to their own clips: paragraphs then have as
            many captions as their videos have clips. None: no bucket.
        variant: ``exact``; or ``norton`` as released: the bucket is the value at the place
            ``int(bucket N)`` of the N on the diagonal, from 1; the plan has SuperGlue's marginals
            and is scaled to a total of the number of captions; the mean over the sequences.

    Returns:
        A scalar: a tensor with gradient for tensors, a number for arrays.

    Raises:
        InputError: shapes or lengths do not fit, a value is not finite, there is one sequence, a
            parameter is out of range, or numbers become so: with ``norton``, where the bucket
            takes all of a pair.

    Source: Norton eq. 4, with eq. 2, 3 and 6.
    """
    check_positive(tau=tau)
    check_variant(variant)
    check(reg, iterations, variant)
    values, given = tensor(sim, "sim")
    texts, videos = (_parts(one) for one in (text_lengths, video_lengths))
    due = sum(map(len, texts)), sum(map(len, videos))
    if len(texts) != len(videos) or len(texts) < 2 or tuple(values.shape) != due:
        raise InputError(
            f"sim has shape {tuple(values.shape)} for {len(texts)} paragraphs of {due[0]} captions "
            f"and {len(videos)} videos of {due[1]} clips: give at least two, as many of both."
        )
    value = None if bucket is None else _bucket(values, texts, videos, bucket, variant)
    scores = _scores(values, texts, videos, (reg, value, iterations, variant)) / tau
    total = -(scores.log_softmax(1).diagonal() + scores.log_softmax(0).diagonal()).sum()
    return given(total / len(texts) if variant == "norton" else total)


def _scores(values: Tensor, texts: list[Rows], videos: list[Rows], plan: Any) -> Tensor:
    """(paragraphs, videos) similarities under the plans, all pairs of equal lengths at once."""
    import torch

    scores = values.new_zeros(len(texts), len(videos))
    for paragraphs, captions in _alike(texts):
        for longs, clips in _alike(videos):
            block = values[captions.ravel()][:, clips.ravel()]
            block = block.reshape(*captions.shape, *clips.shape).permute(1, 3, 0, 2)
            pairs = block.flatten(2)  # (captions, clips, pairs)
            weights = torch.as_tensor(_plans(pairs.detach().double().cpu().numpy(), *plan))
            found = (weights.to(values) * pairs).sum((0, 1)).reshape(len(paragraphs), len(longs))
            scores = scores.index_put(
                (torch.as_tensor(paragraphs)[:, None], torch.as_tensor(longs)), found
            )
    return scores


def _plans(
    pairs: NDArray[np.float64], reg: float, value: float | None, iterations: int, variant: Variant
) -> NDArray[np.float64]:
    """(captions, clips, pairs) plans."""
    problem = bucketed(pairs.shape, reg, value, iterations, variant)
    return in_range(plans if variant == "exact" else _scaled, pairs, problem)


def _scaled(pairs: NDArray[np.float64], problem: Problem) -> NDArray[np.float64]:
    found = plans(pairs, problem)
    return np.asarray(found * (len(found) / found.sum((0, 1))))


def _bucket(
    values: Tensor, texts: list[Rows], videos: list[Rows], share: float, variant: Variant
) -> float:
    """Return the value of the prompt bucket."""
    if not 0 <= share <= 1:
        raise InputError(f"bucket is a quantile from 0 to 1, it is {share}.")
    if [len(one) for one in texts] != [len(one) for one in videos]:
        raise InputError(
            "A bucket needs as many clips in a video as captions in its paragraph, clip k of "
            "caption k: give none where the background is kept."
        )
    own = values.detach().double().cpu().numpy().diagonal()
    if variant == "exact":
        return float(np.quantile(own, share))
    place = int(share * len(own))
    if not place:
        raise InputError(
            f"The released bucket is at place int({share:g} x {len(own)}) = 0 of the pairs: give "
            "more pairs, or variant=exact."
        )
    return float(np.sort(own)[place - 1])


def _alike(parts: list[Rows]) -> Iterator[tuple[Rows, Rows]]:
    """Yield which sequences have a length, and their rows (sequences, length)."""
    lengths = np.array([len(one) for one in parts])
    for length in np.unique(lengths):
        numbers = np.flatnonzero(lengths == length)
        yield numbers, np.stack([parts[number] for number in numbers])


def _parts(lengths: Any) -> list[Rows]:
    """Return the rows of each sequence."""
    given = np.asarray(lengths.detach().cpu() if hasattr(lengths, "detach") else lengths)
    if given.ndim != 1 or given.dtype.kind not in "iu" or not len(given) or given.min() < 1:
        raise InputError("The lengths of sequences are a list of whole numbers from 1.")
    return np.split(np.arange(given.sum()), np.cumsum(given)[:-1])
