"""Encoding with a loaded CLIP: frames and captions to rows of the joint space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.captions import Caption
from vrbench.encoders.base import Encoded, LoadedEncoder
from vrbench.encoders.clip.pixels import read_pixels
from vrbench.encoders.clip.weights import read_clip_weights
from vrbench.encoders.clip.words import read_words
from vrbench.encoders.pooled import mean_direction
from vrbench.encoders.running import running
from vrbench.encoders.session import sha256
from vrbench.errors import InputError
from vrbench.runtime.device import torch_device
from vrbench.video import Clip

if TYPE_CHECKING:
    from vrbench.encoders.clip import ClipEncoder

Vectors = NDArray[np.float32]

FRAMES_AT_ONCE = 32
"""Frames in one pass of the image tower, always of one video."""


class LoadedClip(LoadedEncoder):
    """A ``ClipEncoder`` with its weights.

    Raises:
        InputError: a file is missing or does not fit.
    """

    def __init__(self, spec: ClipEncoder, weights: Path, device: str) -> None:
        read = read_clip_weights(weights, spec.activation)
        self._spec, self.device = spec, torch_device(device)
        self._model = read.model.to(self.device)
        config = self._model.config
        self._words = read_words(read.folder)
        size = int(config.vision_config.image_size)
        self._pixels, pixel_files = read_pixels(read.folder, size, spec.crop)
        self._check_text(config.text_config)
        files = {*read.files, *self._words.files, *pixel_files}
        self.weights = {path.name: sha256(path) for path in sorted(files)}
        self.video_dim = self.text_dim = int(config.projection_dim)
        scale = math.exp(float(self._model.logit_scale))
        self.attrs = {"scale": scale, "activation": read.activation}
        self.notes, self.limits = read.notes, {"text": spec.max_words}

    def _check_text(self, config: Any) -> None:
        if self._spec.max_words > config.max_position_embeddings:
            raise InputError(
                f"max_words is {self._spec.max_words}, but this CLIP's text tower has only "
                f"{config.max_position_embeddings} places: lower it."
            )
        largest = max(self._words.tokenizer.get_vocab().values())
        if largest >= config.vocab_size:
            raise InputError(
                f"The tokenizer {self._words.files[0]} has the id {largest}, but this CLIP knows "
                f"only {config.vocab_size} words: put the tokenizer that belongs to the weights "
                "beside them."
            )

    def video(self, clip: Clip) -> Encoded:
        """Encode the frames of a video."""
        places = 1 if self._spec.tokens == "cls" else None
        rows = np.concatenate(
            [
                self.frames(clip.images[start : start + FRAMES_AT_ONCE], places)
                for start in range(0, len(clip.images), FRAMES_AT_ONCE)
            ]
        )
        whole = mean_direction(rows[:, 0])
        if self._spec.tokens == "frame-patches-mean":
            tokens = rows.mean(axis=0)
            return Encoded(tokens, whole, frame=np.full(len(tokens), -1))
        frame = np.repeat(np.array(clip.numbers, dtype=np.int64), rows.shape[1])
        tokens = rows.reshape(-1, rows.shape[2])
        if self._spec.tokens == "cls":
            return Encoded(tokens, whole, frame=frame)
        level = np.tile(np.arange(rows.shape[1]) > 0, len(rows)).astype(np.uint8)
        return Encoded(tokens, whole, frame=frame, level=level)

    def frames(self, images: Sequence[Any], places: int | None = None) -> Vectors:
        """RGB ``PIL.Image`` (n,) -> (n, 1 + patches, d), or the first ``places`` of these."""
        import torch

        pixels = torch.from_numpy(np.stack([self._pixels(image) for image in images]))
        with running(self.device):
            tower = self._model.vision_model
            hidden = tower(pixel_values=pixels.to(self.device)).last_hidden_state[:, :places]
            rows = self._model.visual_projection(tower.post_layernorm(hidden))
            return np.asarray(rows.cpu())

    def text(self, caption: Caption) -> Encoded:
        """Encode a caption: a token for each piece of a word, and for SOT and EOT if chosen."""
        ids, pieces, cut = self._words(caption.text, self._spec.max_words)
        rows = self.words(ids)
        start = 0 if self._spec.sot else 1
        stop = len(ids) if self._spec.eot else len(ids) - 1
        if len(ids) == 2:
            stop = start
        return Encoded(rows[start:stop], rows[-1], tuple(pieces[start:stop]), cut=cut)

    def words(self, ids: Sequence[int]) -> Vectors:
        """Ids from SOT to EOT (l,) -> (l, d).

        Not padded: in a causal tower what follows EOT changes no row before it.
        """
        import torch

        with running(self.device):
            hidden = self._model.text_model(input_ids=torch.tensor([ids], device=self.device))
            return np.asarray(self._model.text_projection(hidden.last_hidden_state)[0].cpu())
