"""Encoding with a loaded S3D: windows of frames and captions to tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.captions import Caption
from vrbench.encoders.base import Encoded, LoadedEncoder
from vrbench.encoders.checkpoint import fill, read_tensors
from vrbench.encoders.clip.pixels import ClipPixels
from vrbench.encoders.running import running
from vrbench.encoders.s3d.forward import mixed_5c, step_tokens, video_embedding
from vrbench.encoders.s3d.net import DIM, s3d_net
from vrbench.encoders.s3d.words import (
    MAX_WORDS,
    hidden_words,
    read_dictionary,
    sentence,
    split,
    word_tokens,
)
from vrbench.encoders.session import sha256
from vrbench.runtime.device import torch_device
from vrbench.video import Clip

if TYPE_CHECKING:
    from vrbench.encoders.s3d import S3d

Vectors = NDArray[np.float32]


class LoadedS3d(LoadedEncoder):
    """An ``S3d`` with its weights.

    Raises:
        InputError: a file cannot be read or does not fit.
    """

    def __init__(self, spec: S3d, weights: Path, dictionary: Path, device: str) -> None:
        import torch

        self._spec, self.device = spec, torch_device(device)
        with torch.device("meta"):
            self._net = s3d_net()
        fill(self._net, read_tensors(weights), weights)
        self._net = self._net.to(self.device)
        self._dictionary = read_dictionary(dictionary)
        self._pixels = ClipPixels(spec.size, mean=(0, 0, 0), std=(1, 1, 1))
        self.weights = {path.name: sha256(path) for path in (dictionary, weights)}
        self.video_dim = self.text_dim = DIM
        self.limits = {"text": MAX_WORDS}

    def video(self, clip: Clip) -> Encoded:
        """Encode the frames of a video, window after window."""
        window, last = self._spec.window, len(clip.images) - 1
        tokens, wholes, middles = [], [], []
        for start in range(0, len(clip.images), window):
            steps, whole = self.window(clip.images[start : start + window])
            rows = steps if self._spec.tokens == "steps" else whole[None]
            places = start + (np.arange(len(rows)) + 0.5) * window / len(rows)
            middles += [clip.numbers[min(int(place), last)] for place in places]
            tokens.append(rows)
            wholes.append(whole)
        frame = np.array(middles, dtype=np.int64)
        return Encoded(np.concatenate(tokens), np.mean(wholes, axis=0), frame=frame)

    def window(self, images: Sequence[Any]) -> tuple[Vectors, Vectors]:
        """RGB ``PIL.Image`` (n <= window,) -> tokens (steps, 512), ``video_embedding`` (512,)."""
        import torch

        size = self._spec.size
        frames = np.zeros((3, self._spec.window, size, size), dtype=np.float32)
        for place, image in enumerate(images):
            frames[:, place] = self._pixels(image)
        with running(self.device):
            mixed = mixed_5c(self._net, torch.from_numpy(frames)[None].to(self.device))
            tokens, whole = step_tokens(self._net, mixed), video_embedding(self._net, mixed)
            return np.asarray(tokens[0].cpu()), np.asarray(whole[0].cpu())

    def text(self, caption: Caption) -> Encoded:
        """Encode a caption, a token a known word, of the first 16 of them."""
        known = split(caption.text, self._dictionary)
        words = known[:MAX_WORDS]
        ids = [self._dictionary[word] for word in words] + [0] * (MAX_WORDS - len(words))
        with running(self.device):
            hidden = hidden_words(self._net, ids)
            tokens = word_tokens(self._net, hidden[: len(words)])
            whole = sentence(self._net, hidden)
            vectors = np.asarray(tokens.cpu()), np.asarray(whole.cpu())
        return Encoded(*vectors, tuple(words), cut=len(known) - len(words))
