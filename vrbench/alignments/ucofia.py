"""``ucofia``: video with sentence, frames with sentence, patches with words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from vrbench.alignments import alignments
from vrbench.alignments.attended import Attention, Maps, OfFrames, Wholes
from vrbench.alignments.base import Alignment, MeanAlignment
from vrbench.alignments.saliency import Saliency
from vrbench.alignments.selection import SelectedPatches
from vrbench.errors import InputError
from vrbench.registry.specs import LISTED

PREFIX = "ucofia."
SCALE = 100.0
"""Logit scale of the release, on the levels video and frame only."""
WORDS, FRAMES = 32, 12
"""Slots of the release, padding included."""


@alignments.register("ucofia")
@dataclass(frozen=True)
class Ucofia(MeanAlignment):
    """Mean of up to three alignment levels; each has a similarity matrix of its own for ``sk``.

    * video: ``(s W1) . (v W2)``, s and v the global vectors;
    * frame: ISA over the frames of ``s . f``;
    * patch: Bi-ISA of ``c = (w W3) . (p W4)``, the mean of ISA over words, then patches
      (word-patch), and of ISA over patches, then words (patch-word).

    ``ISA(x) = sum_i a_i x_i``, ``a = softmax(softmax(x / 0.01) W / 0.01)``; only tokens that are
    there count. All W come from a head (``vrbench train ucofia``); without one they are the
    identity, and all patches are kept. With one, the k patches of each frame that its network
    scores highest are kept, in their order; in training they are drawn by perturbed top-k.

    Source: UCoFiA (Wang et al., ICCV 2023), supplementary 1.5 and 3.1, and the released code.
    ``released`` is the code that evaluates: no masks (items are filled up to the slots of W, here
    with similarities of 0, where the release has the encoder's rows of padding), patches not
    scaled to length 1 and without W4, [CLS] before each frame's patches, a logit scale of 100 on
    the levels video and frame only. Deviation: the release draws patches at test time, too.

    Attributes:
        levels: ``video``, ``frame`` and ``patch``, or some of them, joined by ``+``.
        k: patches that are kept of each frame, >= 1.
        bi: ``both`` ways of Bi-ISA, ``patch-word`` or ``word-patch``.
        variant: ``exact`` or ``released``.
        weights: arrays of a head, which no spec can set; None: no head gave them.
        step: seed and step of a training, in which patches are drawn; no spec can set it.

    Raises:
        InputError: a level is unknown or stands twice, or k is below 1; while scoring: the videos
            have no patches, or an item has more tokens than W has weights of.
    """

    levels: str = "video+frame+patch"
    k: int = 3
    bi: Literal["both", "patch-word", "word-patch"] = "both"
    variant: Literal["exact", "released"] = "exact"
    weights: Any = field(default=None, init=False, repr=False, compare=False)
    step: Any = field(default=None, init=False, repr=False, compare=False)
    symmetric = True
    by_level = True
    source = "UCoFiA, arXiv:2309.10091"

    def __post_init__(self) -> None:
        check_levels(self.levels)
        if self.k < 1:
            raise InputError(f"k must be at least 1, it is {self.k}.")

    def with_weights(self, weights: Mapping[str, Any]) -> Self:
        """Return it with the matrices and the network of a head, as far as it has them."""
        import torch

        mine = {
            name.removeprefix(PREFIX): torch.as_tensor(value)
            for name, value in weights.items()
            if name.startswith(PREFIX)
        }
        return self._with(mine, self.step)

    def in_step(self, seed: int, step: int) -> Self:
        """Return it as a step of training has it, whose patches are drawn."""
        return self._with(self.weights, (seed, step))

    def _with(self, weights: Any, step: Any) -> Self:
        bound = type(self)(self.levels, self.k, self.bi, self.variant)
        object.__setattr__(bound, "weights", weights)
        object.__setattr__(bound, "step", step)
        return bound

    def parts(self) -> tuple[Alignment, ...]:
        """Return the levels."""
        made = {"video": self._video, "frame": self._frame, "patch": self._patch}
        return tuple(made[name]() for name in self.levels.split("+"))

    @property
    def reads_patches(self) -> bool:
        """Whether the level patch is among them."""
        return "patch" in self.levels.split("+")

    @property
    def _scale(self) -> float:
        return SCALE if self.variant == "released" else 1.0

    def _weight(self, name: str) -> Any:
        return None if self.weights is None else self.weights.get(name)

    def _attention(self, name: str, slots: int) -> Attention:
        weight = self._weight(name)
        most = slots if weight is None else len(weight)
        return Attention(weight, slots=most if self.variant == "released" else 0)

    def _video(self) -> Alignment:
        maps = Maps(self._weight("global_mat_weight"), self._weight("global_mat_weight_1"))
        return Wholes(maps, self._scale)

    def _frame(self) -> Alignment:
        return OfFrames(self._attention("frame_logit_weight", FRAMES), self._scale)

    def _patch(self) -> Alignment:
        released, places = self.variant == "released", FRAMES * (self.k + 1)
        word_first = (
            self._attention("word_mat_weight", WORDS),
            self._attention("pixel_mat_weight2", places),
        )
        patch_first = (
            self._attention("pixel_mat_weight", places),
            self._attention("word_mat_weight2", WORDS),
        )
        learnt = {k: v for k, v in (self.weights or {}).items() if k.startswith("selector.")}
        patches = None if released else self._weight("local_mat_weight1")
        return SelectedPatches(
            None if self.bi == "patch-word" else word_first,
            None if self.bi == "word-patch" else patch_first,
            Maps(self._weight("local_mat_weight"), patches),
            saliency=Saliency.of(learnt, self.variant) if learnt else None,
            k=self.k,
            frames_too=released,
            unscaled=released,
            step=self.step,
        )


def check_levels(levels: str) -> None:
    """Refuse a list of levels that is none.

    Raises:
        InputError: a level is unknown, or stands twice.
    """
    names, known = levels.split("+"), LISTED["levels"]
    for name in names:
        if name not in known:
            raise InputError(
                f"Unknown level '{name}' in levels={levels}: use {', '.join(known)}, joined by +."
            )
        if names.count(name) > 1:
            raise InputError(f"The level '{name}' stands twice in levels={levels}: give it once.")
