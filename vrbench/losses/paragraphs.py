"""``video-paragraph`` as the training loop finds it, with the similarity that it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from vrbench.alignments.engine.batch import Packed, vectors
from vrbench.alignments.engine.traced import unit
from vrbench.errors import InputError
from vrbench.losses.base import Given, Loss, check_positive, losses
from vrbench.losses.clip_caption import Variant, check_variant
from vrbench.losses.video_paragraph import video_paragraph
from vrbench.sequences.plan import check

if TYPE_CHECKING:
    from torch import Tensor

Match = Literal["lse", "max", "mean"]


@losses.register("video-paragraph")
@dataclass(frozen=True)
class VideoParagraph(Loss):
    """Tell long videos and paragraphs apart by optimal transport between their clips and captions.

    ``video_paragraph`` with tau = 1 / scale, over runs of consecutive clips with a caption each. A
    clip and a caption are as similar as eq. 5 says, on cosines, whatever the method of the
    training: ``F = (W + V) / 2``, W the mean over words of ``alpha log sum exp(c / alpha)`` over
    frames, V the mean over frames of it over words. A batch has whole runs, the first one's
    nearest. Norton's loss is ``clip-caption+0.1*video-paragraph``.

    Source: Norton eq. 4 to 6. Deviations: tau is that of the other losses; the release's min-max
    scaling (``norton``) is here without its defect by which padded words count.

    Attributes:
        reg: weight > 0 of the entropy.
        iterations: of Sinkhorn, at least 1.
        bucket: quantile, 0 to 1, of the batch's matched similarities that is the value of the
            prompt bucket; none: no bucket.
        alpha: softness > 0 of eq. 5.
        match: ``lse``, eq. 5; ``max``, the best token in its place (Table 7 D, which paper's
            similarity it names; lse's limit for alpha 0); ``mean``, F = P (Table 7 C).
        length: most clips of a run.
        fuse: weight from 0 of the similarity P of the global vectors, ``(fuse P + F) / (fuse +
            1)``; the paper tells of it in Appendix A without a number, the release has 0.5.
        variant: ``exact``; or ``norton`` as released: see ``video_paragraph``, and P, W and V are
            scaled to 0 ... 1 by their minimum and maximum in the batch.

    Raises:
        InputError: a parameter is out of range.
    """

    reg: float = 0.1
    iterations: int = 50
    bucket: float | None = 0.3
    alpha: float = 1.0
    match: Match = "lse"
    length: int = 8
    fuse: float = 0.0
    variant: Variant = "exact"
    source = "Norton eq. 4-6"

    def __post_init__(self) -> None:
        check_variant(self.variant)
        check(self.reg, self.iterations, self.variant)
        check_positive(alpha=self.alpha)
        if self.match not in get_args(Match):
            raise InputError(f"match is {' or '.join(get_args(Match))}, it is {self.match}.")
        if self.bucket is not None and not 0 <= self.bucket <= 1:
            raise InputError(f"bucket is a quantile from 0 to 1, it is {self.bucket}.")
        if self.length < 1:
            raise InputError(f"length must be at least 1, it is {self.length}.")
        if self.fuse < 0:
            raise InputError(f"fuse must be 0 or more, it is {self.fuse}.")

    @property
    def run(self) -> int:
        """Most clips of a run."""
        return self.length

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Refuse: it reads the tokens of both sides."""
        raise TypeError("video-paragraph needs runs of clips: train with it")

    def of(self, given: Given) -> Tensor:
        """Return the loss of a batch, see ``Loss``."""
        if given.sides is None or given.lengths is None:
            return self(given.t2v, given.v2t, given.scale)
        sim, tau = self.similarity(*given.sides), 1 / given.scale
        rest = self.reg, self.iterations, self.bucket, self.variant
        loss: Tensor = video_paragraph(sim, given.lengths, given.lengths, tau, *rest)
        return loss

    def similarity(self, text: Packed, video: Packed) -> Tensor:
        """(captions, clips) of a batch."""
        pooled = self._scaled(vectors(text) @ vectors(video).mT)
        if self.match == "mean":
            return pooled
        alpha = self.alpha if self.match == "lse" else None
        of_words, of_frames = map(self._scaled, soft_matches(text, video, alpha))
        return (self.fuse * pooled + (of_words + of_frames) / 2) / (self.fuse + 1)

    def _scaled(self, part: Tensor) -> Tensor:
        if self.variant == "exact":
            return part
        return (part - part.min()) / (part.max() - part.min())


def soft_matches(text: Packed, video: Packed, alpha: float | None) -> tuple[Tensor, Tensor]:
    """Return both halves of eq. 5, (texts, videos) each: means over words, and over frames.

    Without ``alpha`` the maximum takes the place of ``alpha log sum exp``.
    """
    c = unit(text.tokens) @ unit(video.tokens).mT
    words, frames = ([int(length) for length in side.lengths] for side in (text, video))
    of_words = _best_and_mean(c, words, frames, alpha)
    return of_words, _best_and_mean(c.mT, frames, words, alpha).mT


def _best_and_mean(c: Tensor, mine: list[int], theirs: list[int], alpha: float | None) -> Tensor:
    """(my tokens, their tokens) -> (my items, their items): the mean of the best of theirs."""
    import torch

    def best_of(part: Tensor) -> Tensor:
        return part.amax(1) if alpha is None else alpha * (part / alpha).logsumexp(1)

    best = torch.stack([best_of(part) for part in torch.split(c, theirs, 1)], 1)
    return torch.stack([part.mean(0) for part in torch.split(best, mine)])
