"""``onnx``: an image model and a text model in the ONNX format, tokens of frames and of words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.captions import Caption
from vrbench.encoders import encoders
from vrbench.encoders.base import Encoded, Encoder, LoadedEncoder
from vrbench.encoders.onnx.words import TextModel
from vrbench.encoders.session import Session, runtime_device, sha256
from vrbench.errors import InputError
from vrbench.runtime.extras import needed
from vrbench.video import Clip


@encoders.register("onnx")
@dataclass(frozen=True)
class Onnx(Encoder):
    """Two transformers that were exported to ONNX, with the tokenizer of the text model.

    A frame's token is ``[CLS ; mean of the patches]``, a word's ``[CLS of the sentence ; word]``,
    each twice as wide as its model; [CLS] and [SEP] themselves give no token. With ``patches``
    each frame is followed by tokens ``[CLS ; patch]``, whose mean it is. Global vectors are the
    means of the tokens of frames and of words. Frames are encoded one at a time, and so are
    captions unless ``text_batch`` says otherwise: models quantized to int8 scale their activations
    over the whole batch, so that an item would depend on its neighbours.

    Frames are resized (bicubic, shorter side = ``size``), cropped at the centre to a square,
    scaled to [0, 1] and standardized.

    Attributes:
        size: side of the square image that the image model takes, in pixels.
        mean: of red, green and blue on [0, 1], separated by slashes (default ImageNet's).
        std: likewise.
        image_model: file in ``--weights``; its one input takes (1, 3, size, size).
        image_output: its output of tokens (1, 1 + patches, d), [CLS] first.
        text_model: file in ``--weights``; takes ``input_ids`` and, where it has these inputs,
            ``attention_mask`` and ``token_type_ids``.
        text_output: its output of tokens (1, pieces, d), [CLS] first.
        tokenizer: file in ``--weights``, as the package tokenizers writes it.
        max_words: pieces of words after which a caption is cut off.
        text_batch: captions of a video that are run together, in the order in which they stand;
            shorter ones are filled up with masked pieces. The tokens are those of captions run
            alone but for rounding, which depends on no other video; a model that gives others
            (checked when it is loaded) is refused.
        patches: side of the grid of patches that stand beside each frame (level 1): of a model's
            16 x 16 patches 8 gives 8 x 8 means of 2 x 2 neighbours; 0: none.

    Raises:
        InputError: a parameter is out of range.
    """

    size: int = 224
    mean: str = "0.485/0.456/0.406"
    std: str = "0.229/0.224/0.225"
    image_model: str = "vision.onnx"
    image_output: str = "tokens"
    text_model: str = "text.onnx"
    text_output: str = "last_hidden_state"
    tokenizer: str = "tokenizer.json"
    max_words: int = 64
    text_batch: int = 1
    patches: int = 0
    source = "any two models exported to ONNX"

    def __post_init__(self) -> None:
        if min(self.size, self.max_words, self.text_batch) < 1:
            raise InputError("size, max_words and text_batch must be at least 1.")
        if self.patches < 0:
            raise InputError(f"patches must be 0 or more, it is {self.patches}.")
        for name in (self.image_model, self.text_model, self.tokenizer):
            if Path(name).name != name:
                raise InputError(f"'{name}' must be the name of a file in --weights, not a path.")
        _rgb(self.mean, "mean")
        if not (_rgb(self.std, "std") > 0).all():
            raise InputError(f"std must be positive, it is {self.std}.")

    def load(self, weights: Path | None, device: str = "cpu") -> LoadedEncoder:
        """Read both models and the tokenizer from the folder ``weights``.

        Args:
            weights: the folder.
            device: ``cpu``, ``cuda`` (the package onnxruntime-gpu) or ``auto``.

        Raises:
            InputError: a file is missing or is no such model, an output is unknown, or captions
                run together change each other by more than rounding.
        """
        names = (self.image_model, self.text_model, self.tokenizer)
        if weights is None:
            raise InputError(
                f"The encoder onnx needs --weights: a folder that holds {', '.join(names)}."
            )
        for name in names:
            if not (weights / name).is_file():
                raise InputError(f"{weights} holds no {name}: expected {', '.join(names)} there.")
        return _LoadedOnnx(self, weights, runtime_device(device))

    def preprocess(self, image: Any) -> NDArray[np.float32]:
        """Turn an RGB ``PIL.Image`` into the (1, 3, size, size) input of the image model."""
        bicubic = needed("PIL.Image", "onnx").Resampling.BICUBIC
        scale = self.size / min(image.size)
        width, height = (max(self.size, round(side * scale)) for side in image.size)
        left, top = (width - self.size) // 2, (height - self.size) // 2
        image = image.resize((width, height), bicubic)
        image = image.crop((left, top, left + self.size, top + self.size))
        pixels = np.asarray(image, dtype=np.float32) / np.float32(255)
        pixels = (pixels - _rgb(self.mean, "mean")) / _rgb(self.std, "std")
        return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)


class _LoadedOnnx(LoadedEncoder):
    """Sessions and tokenizer of an ``Onnx``."""

    def __init__(self, spec: Onnx, folder: Path, device: str) -> None:
        self._spec, self.device = spec, device
        self._image = Session(folder / spec.image_model, spec.image_output, device)
        text = (folder / spec.text_model, spec.text_output, folder / spec.tokenizer)
        self._text = TextModel(*text, spec.max_words, device)
        self.text_batch, self.limits = spec.text_batch, {"text": spec.max_words}
        files = {*self._image.files, *self._text.files}
        self.weights = {file.relative_to(folder).as_posix(): sha256(file) for file in sorted(files)}
        blank = needed("PIL.Image", "onnx").new("RGB", (spec.size, spec.size))
        self.video_dim = self.video(Clip("a blank frame", [blank], [0])).tokens.shape[1]
        self.text_dim = self.text(Caption("a word", "", "a")).tokens.shape[1]
        if self.text_batch > 1:
            self._text.check_batches()

    def video(self, clip: Clip) -> Encoded:
        frames = np.array([self._frame(image) for image in clip.images])
        whole = frames[:, 0].mean(axis=0)
        if not self._spec.patches:
            return Encoded(frames[:, 0], whole)
        n, per_frame, dim = frames.shape
        frame = np.repeat(np.array(clip.numbers, dtype=np.int64), per_frame)
        level = np.tile(np.arange(per_frame) > 0, n).astype(np.uint8)
        return Encoded(frames.reshape(-1, dim), whole, frame=frame, level=level)

    def _frame(self, image: Any) -> NDArray[Any]:
        """Return the frame's token, and below it those of its patches."""
        (rows,) = self._image({self._image.inputs[0]: self._spec.preprocess(image)})
        whole = np.concatenate([rows[0], rows[1:].mean(axis=0)])
        if not (side := self._spec.patches):
            return whole[None]
        patches = _grid(rows[1:], side)
        return np.concatenate([whole[None], np.hstack([np.tile(rows[0], (side**2, 1)), patches])])

    def text(self, caption: Caption) -> Encoded:
        return self.texts([caption])[0]

    def texts(self, captions: Sequence[Caption]) -> list[Encoded]:
        return self._text([caption.text for caption in captions])


def _grid(patches: NDArray[Any], side: int) -> NDArray[Any]:
    """(g^2, d) patches of a square, row by row -> (side^2, d) means of equal squares of them."""
    given = math.isqrt(len(patches))
    if given**2 != len(patches) or given % side:
        raise InputError(
            f"A frame has {len(patches)} patches, which do not make a grid of {side} x {side} "
            "equal squares: give patches as a divisor of the model's own grid, or 0."
        )
    squares = patches.reshape(side, given // side, side, given // side, -1)
    return np.asarray(squares.mean(axis=(1, 3)).reshape(side**2, -1))


def _rgb(text: str, name: str) -> NDArray[np.float32]:
    try:
        values = np.array([float(part) for part in text.split("/")], dtype=np.float32)
    except ValueError:
        values = np.empty(0, dtype=np.float32)
    if values.shape != (3,) or not np.isfinite(values).all():
        raise InputError(f"{name} must be three numbers as 0.5/0.5/0.5, it is '{text}'.")
    return values
