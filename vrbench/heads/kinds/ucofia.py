"""``ucofia``: the matrices of the method of that name, and what selects its patches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from vrbench.alignments.ucofia import FRAMES, WORDS, check_levels
from vrbench.errors import InputError
from vrbench.heads import heads
from vrbench.heads.base import Dim, HeadPart, Start

if TYPE_CHECKING:
    from torch import Tensor

_MATRICES: dict[str, dict[str, Dim]] = {
    "video": {"global_mat_weight": "width", "global_mat_weight_1": "width"},
    "frame": {"frame_logit_weight": "frames"},
    "patch": {
        "local_mat_weight": "width",
        "local_mat_weight1": "width",
        "word_mat_weight": "words",
        "word_mat_weight2": "words",
        "pixel_mat_weight": "patches",
        "pixel_mat_weight2": "patches",
    },
}
"""Square matrices of each level, by the names of the release."""

_SELECTOR: dict[str, tuple[Dim, ...]] = {
    "selector.in_conv.0.weight": ("seen",),
    "selector.in_conv.0.bias": ("seen",),
    "selector.in_conv.1.weight": ("hidden", "seen"),
    "selector.out_conv.0.weight": ("out", (2, "hidden")),
    "selector.out_conv.2.weight": (1, "out"),
}
_RELEASED = "visual_token_selector.score_predictor."
"""What the release puts before ``in_conv`` and ``out_conv``."""


@heads.register("ucofia")
@dataclass(frozen=True)
class UcofiaWeights(HeadPart):
    """Matrices for the method ``ucofia``, and the network that scores patches; tokens stay.

    Matrices begin as the identity, the network with random weights as torch's Linear has them.
    The matrices of the attentions are as large as the longest text, the frames of the longest
    video and k + 1 patches of each need, or 32 words, 12 frames and 48 patches; longer items are
    refused.

    Source: UCoFiA (Wang et al., ICCV 2023), with the names of its release.

    Attributes:
        levels: ``video``, ``frame`` and ``patch``, or some of them, joined by ``+``.
        k: patches that are kept of each frame, >= 1.
        bi: ``both`` ways of Bi-ISA, ``patch-word`` or ``word-patch``; of one way, the matrices of
            the other stay as they begin.

    Raises:
        InputError: a level is unknown or stands twice, or k is below 1.
    """

    levels: str = "video+frame+patch"
    k: int = 3
    bi: Literal["both", "patch-word", "word-patch"] = "both"
    source = "UCoFiA, arXiv:2309.10091"
    maps = False

    def __post_init__(self) -> None:
        check_levels(self.levels)
        if self.k < 1:
            raise InputError(f"k must be at least 1, it is {self.k}.")

    @property
    def reads_patches(self) -> bool:
        """Whether the level patch is among its levels."""
        return "patch" in self.levels.split("+")

    def own_name(self, released: str) -> str | None:
        """Return its name of a weight of the release, where one of its levels has it."""
        name = released.replace(_RELEASED, "selector.", 1)
        return name if name in self.shapes() else None

    @classmethod
    def fitting(cls, shapes: Mapping[str, tuple[int, ...]]) -> Self:
        """Return the levels whose matrices are there."""
        found = [level for level, names in _MATRICES.items() if names.keys() & shapes.keys()]
        return cls("+".join(found)) if found else cls()

    def shapes(self) -> dict[str, tuple[Dim, ...]]:
        """Return the axes of every weight."""
        names = self.levels.split("+")
        found: dict[str, tuple[Dim, ...]] = {
            name: (axis, axis) for level in names for name, axis in _MATRICES[level].items()
        }
        return found | (_SELECTOR if "patch" in names else {})

    def init(self, start: Start) -> dict[str, Tensor]:
        """Return identities, and a random network."""
        import torch

        width, frames = start.video_width, max(FRAMES, start.longest_video)
        sizes = {
            "width": width,
            "words": max(WORDS, start.longest_text),
            "frames": frames,
            "patches": frames * (self.k + 1),
        }
        matrices = {name: axes for name, axes in self.shapes().items() if name not in _SELECTOR}
        weights = eyes(matrices, sizes)
        if not self.reads_patches:
            return weights
        weights["selector.in_conv.0.weight"] = torch.ones(2 * width)
        weights["selector.in_conv.0.bias"] = torch.zeros(2 * width)
        for name, rows in (("in_conv.1", width), ("out_conv.0", width), ("out_conv.2", 1)):
            columns = width if name == "out_conv.2" else 2 * width
            drawn = 2 * torch.rand(rows, columns, generator=start.rng) - 1
            weights[f"selector.{name}.weight"] = drawn * columns**-0.5
        return weights


def eyes(shapes: Mapping[str, tuple[Dim, ...]], sizes: Mapping[str, int]) -> dict[str, Tensor]:
    """Return an identity matrix for each name.

    Args:
        shapes: both axes of each, of one name.
        sizes: of the axes.
    """
    import torch

    return {name: torch.eye(sizes[str(axes[0])]) for name, axes in shapes.items()}
