"""The interface of encoders, their inputs and outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.captions import Caption
from vrbench.video import Clip


@dataclass(frozen=True, eq=False)
class Encoded:
    """One item, encoded.

    Attributes:
        tokens: (l, d) floats, a row for each frame or word; l may be 0 for a caption without words.
        global_vector: (d,) the item's global vector.
        words: (l,) the word of each token of a caption; empty for videos, and for an encoder that
            names none.
        frame: (l,) the frame of each token of a video, -1 for all frames; None where there is one
            token for each frame.
        level: (l,) 0 for tokens of frames, 1 for patches; None where there are no patches.
        cut: number of pieces cut off at the end of a caption, or of frames of a video left out, by
            the encoder's limit; None for an encoder without a limit.
    """

    tokens: NDArray[Any]
    global_vector: NDArray[Any]
    words: Sequence[str] = ()
    frame: NDArray[np.int64] | None = None
    level: NDArray[np.uint8] | None = None
    cut: int | None = None


class LoadedEncoder(ABC):
    """An encoder with its weights in memory.

    An item's tokens depend only on the item: not on order, batch or process (``texts`` may round
    otherwise than ``text``). All methods are called from several threads at once.

    Attributes:
        weights: name -> sha256 of each file that was read; never a path.
        video_dim: width of a video's tokens.
        text_dim: width of a caption's tokens.
        attrs: further attributes for the feature file, such as ``scale``.
        notes: remarks on the weights, in sentences, for the user.
        checks: what was found when the encoder was tried out at load, in sentences.
        device: ``cpu`` or ``cuda``.
        text_batch: most captions of a video in one call of ``texts``.
        limits: most pieces of a ``text`` and frames of a ``video`` that are encoded, where there is
            a limit; what is beyond is counted in ``Encoded.cut``.
    """

    weights: Mapping[str, str]
    video_dim: int
    text_dim: int
    attrs: Mapping[str, str | float] = MappingProxyType({})
    notes: Sequence[str] = ()
    checks: Sequence[str] = ()
    device: str = "cpu"
    text_batch: int = 1
    limits: Mapping[str, int] = MappingProxyType({})

    @abstractmethod
    def video(self, clip: Clip) -> Encoded:
        """Encode the frames of a video, by default with one token for each frame."""

    @abstractmethod
    def text(self, caption: Caption) -> Encoded:
        """Encode a caption, with a token for each word or piece of a word."""

    def texts(self, captions: Sequence[Caption]) -> Sequence[Encoded]:
        """Encode captions of one video, at least one, for encoders that gain by it."""
        return [self.text(caption) for caption in captions]


class Encoder(ABC):
    """A frozen dataclass whose fields are the encoder's parameters."""

    source: ClassVar[str] = ""
    """Where the encoder comes from, for listings."""

    @abstractmethod
    def load(self, weights: Path | None, device: str = "cpu") -> LoadedEncoder:
        """Read the weights that ``--weights`` names.

        Args:
            weights: a file, a folder, or another name that the encoder knows.
            device: ``cpu``, ``cuda``, or ``auto``: CUDA where the encoder can use one.

        Raises:
            InputError: they are missing, not given, or do not fit this encoder, or there is no
                such device.
        """
