"""Choosing frames of a video."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean

ROUNDING = 0.0005
"""Seconds by which a time may be off: Matroska and others round to milliseconds."""

FASTEST = 10_000
"""Most frames a second, which bounds the memory of the times."""

CUTS = ("uniform", "ends", "head", "tail")
_KINDS = ("all", "fps", *CUTS)
_HELP = (
    "write uniform:N, ends:N, head:N or tail:N with a whole N >= 1 (exactly N frames, or M-N for M "
    "to N of them), fps:R with 0 < R <= 10000, both as fps:1,ends:1-12, or all"
)


@dataclass(frozen=True)
class Sampling:
    """A choice of frames, such as ``uniform:12``, ``fps:1``, ``fps:1,ends:1-12`` or ``all``.

    ``fps:R`` takes the frames shown at the times k/R, k = 0, 1, ... up to the last frame: the last
    frame with time <= k/R (+ 0.5 ms, as containers round). A frame that is shown at several of
    these times is taken as often, so that the time axis stays even.

    Then N of these frames (of all frames without ``fps``) are kept. ``uniform:12`` needs 12: a
    video with fewer frames is refused as shorter than asked. ``uniform:1-12`` takes each frame once
    of a video that has 1 to 12:

    * ``uniform:N`` the middle one of N stretches of equal count, number floor((i + 0.5) n / N);
    * ``ends:N`` evenly from the first to the last, both included, ``linspace(0, n - 1, N)`` cut
      to whole numbers;
    * ``head:N`` the first N; ``tail:N`` the last N.

    CLIP4Clip (arXiv:2104.08860, released code) takes one frame a second and cuts by
    ``slice_framepos`` 0 (``fps:1,head:1-12``), 1 (``fps:1,tail:1-12``) or 2
    (``fps:1,ends:1-12``). Deviation: its seconds are counted in frames, int(frame rate) a second.

    Attributes:
        fps: frames a second; 0 takes every frame.
        cut: ``uniform``, ``ends``, ``head``, ``tail``; "" keeps all.
        least: frames that a video must have.
        most: frames that ``cut`` leaves at most.
    """

    fps: float = 0.0
    cut: str = ""
    least: int = 0
    most: int = 0

    def __str__(self) -> str:
        rate = [f"fps:{self.fps:.12g}"] if self.fps else []
        count = f"{self.most}" if self.least == self.most else f"{self.least}-{self.most}"
        cut = [f"{self.cut}:{count}"] if self.cut else []
        return ",".join(rate + cut) or "all"

    def choose(self, n: int, times: NDArray[np.float64] | None = None) -> list[int]:
        """Return the frames to read of ``n``, in order: fewer than ``least`` if there are not more.

        Args:
            n: how many frames there are, at least 1.
            times: (n,) ascending, in seconds since the start of the video or segment; ``fps``
                needs them.
        """
        frames = np.arange(n)
        if self.fps:
            frames = _shown(np.zeros(n) if times is None else times, self.fps)
        return [int(i) for i in frames[self._kept(len(frames))]]

    def _kept(self, n: int) -> NDArray[np.int64]:
        every = np.arange(n)
        if not self.cut or n <= self.most:
            return every
        if self.cut == "uniform":
            return np.array([int((i + 0.5) * n / self.most) for i in range(self.most)])
        if self.cut == "ends":
            return np.linspace(0, n - 1, self.most, dtype=np.int64)
        return every[: self.most] if self.cut == "head" else every[-self.most :]


def _shown(times: NDArray[np.float64], fps: float) -> NDArray[np.int64]:
    ticks = np.arange(int((times[-1] + ROUNDING) * fps) + 1) / fps
    return np.maximum(np.searchsorted(times, ticks + ROUNDING, side="right") - 1, 0)


def parse_sampling(spec: str) -> Sampling:
    """Read ``uniform:12``, ``fps:1``, ``fps:1,ends:1-12``, ``all`` and the like.

    Raises:
        InputError: the spec is none of these, or its number is out of range.
    """
    if spec.strip() == "all":
        return Sampling()
    parts = [part.strip().partition(":") for part in spec.split(",")]
    for kind, _, _ in parts:
        if kind not in _KINDS:
            hint = did_you_mean(kind, _KINDS)
            raise InputError(f"Unknown frames '{spec}'.{hint} Please {_HELP}.")
    try:
        rate = _positive(float(parts.pop(0)[2])) if parts[0][0] == "fps" else 0.0
        kind, _, text = parts.pop(0) if parts else ("", "", "1")
        least, most = int(text.split("-")[0]), int(text.split("-", 1)[-1])
        if parts or kind in ("all", "fps") or not 0 < least <= most:
            raise ValueError(spec)
    except ValueError:
        raise InputError(f"Cannot read frames '{spec}': {_HELP}.") from None
    return Sampling(rate, kind, least, most) if kind else Sampling(rate)


def _positive(rate: float) -> float:
    if not 0 < rate <= FASTEST:
        raise ValueError(rate)
    return rate
