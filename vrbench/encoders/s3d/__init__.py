"""``s3d``: the S3D of HowTo100M (MIL-NCE), video and text towers with the released weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vrbench.encoders import encoders
from vrbench.encoders.base import Encoder, LoadedEncoder
from vrbench.errors import InputError

WEIGHTS, DICTIONARY = "s3d_howto100m.pth", "s3d_dict.npy"
"""The authors' files."""


@encoders.register("s3d")
@dataclass(frozen=True)
class S3d(Encoder):
    """S3D trained with MIL-NCE on HowTo100M: 512 wide tokens of time steps and words.

    The frames given are cut into windows of ``window`` frames that follow each other; the last is
    filled up with black frames, as in the released loaders. A window of 32 frames has 4 time
    steps; a step's token is ``fc(mean over space)``, and as ``fc`` is affine the mean of a video's
    tokens is the mean of its windows' released ``video_embedding``, its global vector. Gates look
    at the whole window, so a step depends on all of it, black frames included: choose ``window``
    and ``--frames`` so that windows are full.

    MIL-NCE: ``--frames uniform:32`` (their evaluation takes several windows of 32 frames at 16
    frames a second, ``fps:16``). The features of VideoCLIP and Norton, a token a second:
    ``s3d:window=30,tokens=windows`` with ``--frames fps:30``. Of a long video file no more than a
    window of frames is held.

    A word's token is ``fc2(relu(fc1(vector)))``, of the first 16 words that the dictionary knows.
    The caption's global vector is the released one, fc2 of the *maximum* of relu(fc1(vector)) over
    16 places, of which those after a shorter caption hold the padding id 0 and take part. So the
    tokens of a caption do not pool to its global vector, linearly or otherwise.

    The towers were trained for dot products: ``--raw`` compares as released.

    Source: Miech et al., arXiv:1912.06430, released as S3D_HowTo100M. Deviations: frames are
    resized by Pillow (bicubic, shorter side, then the centre), not by ffmpeg; black frames stand
    after the frames given, not after the video.

    Attributes:
        window: frames in one pass of the video tower, even, at least 2.
        tokens: ``steps``: a token a time step; ``windows``: a token a window.
        size: side of the square image, in pixels, even, at least 16.

    Raises:
        InputError: a parameter is out of range.
    """

    window: int = 32
    tokens: Literal["steps", "windows"] = "steps"
    size: int = 224
    source = "arXiv:1912.06430"

    def __post_init__(self) -> None:
        if self.window < 2 or self.size < 16 or self.window % 2 or self.size % 2:
            raise InputError(
                "window and size must be even, at least 2 and 16; they are "
                f"{self.window} and {self.size}."
            )

    def load(self, weights: Path | None, device: str = "cpu") -> LoadedEncoder:
        """Read the authors' two files from the folder ``weights``.

        Args:
            weights: the folder, or the ``.pth`` in it.
            device: ``cpu``, ``cuda`` or ``auto``, where the towers run.

        Raises:
            InputError: a file is missing or does not fit.
        """
        from vrbench.encoders.s3d.towers import LoadedS3d

        if weights is None:
            raise InputError(
                f"The encoder s3d needs --weights: a folder that holds {WEIGHTS} and {DICTIONARY}, "
                "the files of S3D_HowTo100M."
            )
        folder = weights.parent if weights.name == WEIGHTS else weights
        for name in (WEIGHTS, DICTIONARY):
            if not (folder / name).is_file():
                raise InputError(
                    f"{folder} holds no {name}: put {WEIGHTS} and {DICTIONARY}, the files of "
                    "S3D_HowTo100M, there."
                )
        return LoadedS3d(self, folder / WEIGHTS, folder / DICTIONARY, device)
