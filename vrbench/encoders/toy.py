"""``toy``: seeded tokens with a planted match, for tests and demos without weights."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.captions import Caption
from vrbench.encoders import encoders
from vrbench.encoders.base import Encoded, Encoder, LoadedEncoder
from vrbench.errors import InputError
from vrbench.video import Clip

MOST_DIM = 65_536
MOST_NOISE = 1e6


@encoders.register("toy")
@dataclass(frozen=True)
class Toy(Encoder):
    """Every video and its captions share a latent vector; each token is it plus noise.

    ``token = z(seed, video id) + noise * e(seed, what the token is)``, z and e standard normal.
    It reads ids, caption texts and the number of frames, never pixels.

    Source: none, this is test equipment.

    Attributes:
        dim: width of a token, 1 to 65,536.
        noise: standard deviation of the noise, 0 to 1e6.
        seed: another seed gives other vectors.

    Raises:
        InputError: a parameter is out of range.
    """

    dim: int = 16
    noise: float = 1.0
    seed: int = 0
    source = "vrbench"

    def __post_init__(self) -> None:
        if not 1 <= self.dim <= MOST_DIM:
            raise InputError(f"dim must lie between 1 and {MOST_DIM:,}, it is {self.dim}.")
        if not 0 <= self.noise <= MOST_NOISE:
            raise InputError(f"noise must lie between 0 and {MOST_NOISE:g}, it is {self.noise}.")

    def load(self, weights: Path | None, device: str = "cpu") -> LoadedEncoder:
        """Return the encoder; there is nothing to read, and it runs on the CPU.

        Raises:
            InputError: weights were given.
        """
        if weights is not None:
            raise InputError("The encoder toy has no weights: leave --weights out.")
        return _LoadedToy(self)


class _LoadedToy(LoadedEncoder):
    """A loaded ``Toy``."""

    def __init__(self, toy: Toy) -> None:
        self._toy = toy
        self.weights = {}
        self.video_dim = self.text_dim = toy.dim

    def video(self, clip: Clip) -> Encoded:
        return self._planted(clip.id, [f"frame {n} of {clip.id}" for n in clip.numbers])

    def text(self, caption: Caption) -> Encoded:
        words = caption.text.split()
        names = [f"word {i} of {caption.text}" for i in range(len(words))]
        return self._planted(caption.video, names, tuple(words))

    def _planted(self, video: str, names: list[str], words: tuple[str, ...] = ()) -> Encoded:
        latent = self._normal(f"video {video}")
        noise = np.array([self._normal(name) for name in names]).reshape(-1, self._toy.dim)
        tokens = latent + self._toy.noise * noise
        return Encoded(tokens, tokens.mean(axis=0) if names else latent, words)

    def _normal(self, name: str) -> NDArray[np.float64]:
        # A hash of the name, not a stream of numbers: independent of order and process.
        digest = hashlib.sha256(f"{self._toy.seed} {name}".encode()).digest()
        return np.random.default_rng(list(digest)).standard_normal(self._toy.dim)
