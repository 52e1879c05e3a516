"""Encoding with a loaded encoder of sentence-transformers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.captions import Caption
from vrbench.encoders.base import Encoded, LoadedEncoder
from vrbench.encoders.checkpoint import parts
from vrbench.encoders.hf.families import family_of
from vrbench.encoders.hf.frames import noise
from vrbench.encoders.hf.loading import ATTENTION, offline
from vrbench.encoders.pooled import mean_direction
from vrbench.encoders.prompts import PLACE
from vrbench.encoders.running import running
from vrbench.encoders.session import sha256
from vrbench.encoders.st.folder import StFolder, look_through
from vrbench.errors import InputError
from vrbench.runtime.device import torch_device
from vrbench.runtime.extras import needed
from vrbench.runtime.inputs import reading
from vrbench.video import Clip

if TYPE_CHECKING:
    from vrbench.encoders.st import St

Rows = NDArray[np.float32]

EXTRA = "st"
ENDLESS = 1_000_000
FRAMES_AT_ONCE = 32
"""Frames in one pass, always of one video."""


class LoadedSt(LoadedEncoder):
    """An ``St`` with its weights.

    Raises:
        InputError: a file is missing or does not fit, or the encoder takes no images.
    """

    def __init__(self, spec: St, weights: Path, device: str) -> None:
        needed("sentence_transformers", EXTRA)
        folder = look_through(weights)
        self._multi = folder.multi if spec.vectors == "auto" else spec.vectors == "multi"
        self._prompt, self.device = spec.prompt, torch_device(device)
        self._lock = Lock()  # the library's tokenizers are not made for threads
        self._model = _read(folder, multi=self._multi, device=self.device)
        self._check_images(folder)
        self.weights = {file.relative_to(weights).as_posix(): sha256(file) for file in folder.files}
        with reading(folder.path, "give another encoder", "cannot be run"):
            self.video_dim = self.video(Clip("noise", noise(1), [0])).tokens.shape[1]
            self.text_dim = self.text(Caption("a word", "", "a")).tokens.shape[1]
        name = type(self._model).__name__
        given = "the vectors of MaxSim" if self._multi else "pooled outputs only"
        self.checks = (f"{name}, captions and frames: {given}, as the library encodes them.",)
        self.attrs = {
            "model": name,
            "modules": " > ".join(type(module).__name__ for module in self._model),
            "revision": _revision(folder.weights),
            "text_tokens": "words" if self._multi else "global",
            "video_tokens": "patches" if self._multi else "frames",
            "query_prompt": self._said("query") if spec.prompt is None else spec.prompt,
            "document_prompt": self._said("document"),
        }

    def _said(self, side: str) -> str:
        """Return the prompt that the folder gives to a side."""
        return str(self._model.prompts.get(side) or "")

    def _check_images(self, folder: StFolder) -> None:
        """Check that frames can be encoded, without a template of the folder.

        Raises:
            InputError: they cannot.
        """
        known = list(self._model.modalities)
        if "image" not in known or "text" not in known:
            raise InputError(
                f"{folder.path} encodes {' and '.join(known)}: frames and captions need an encoder "
                "of images and texts, such as CLIP, or ColPali."
            )
        config = getattr(getattr(self._model[0], "model", None), "config", None)
        family = family_of(str(getattr(config, "model_type", "")))
        places = getattr(config and config.get_text_config(), "max_position_embeddings", 0)
        if family.padded and self._model.preprocess(["a"])["input_ids"].shape[-1] < places:
            raise InputError(
                f"{folder.path} is a model of the family {family.name}, which needs captions "
                f"filled up to {places} pieces, and sentence-transformers does not: use hf."
            )
        template = getattr(self._model.tokenizer, "chat_template", None)
        if "message" in known and template:
            raise InputError(
                f"{folder.path} reads through a template of its own, which is not carried out: "
                "give it to the encoder hf, if it is a Qwen3-VL embedder."
            )

    def video(self, clip: Clip) -> Encoded:
        """Encode the frames of a video."""
        found: list[Rows] = []
        with self._lock, running(self.device):
            for start in range(0, len(clip.images), FRAMES_AT_ONCE):
                images = list(clip.images[start : start + FRAMES_AT_ONCE])
                found += [
                    np.atleast_2d(rows)
                    for rows in self._model.encode_document(
                        images, convert_to_numpy=True, show_progress_bar=False
                    )
                ]
        tokens = np.concatenate(found).astype(np.float32)
        lengths = [len(rows) for rows in found]
        frame = np.repeat(np.array(clip.numbers, dtype=np.int64), lengths)
        return Encoded(tokens, mean_direction(tokens), frame=frame)

    def text(self, caption: Caption) -> Encoded:
        """Encode a caption as a query."""
        text = caption.text.strip()
        how: dict[str, Any] = {"show_progress_bar": False}
        before, given = self._said("query"), text
        if self._prompt is not None:  # an empty one takes the place of the folder's
            before, given = "", self._prompt.replace(PLACE, text)
            how["prompt"] = before
        with self._lock, running(self.device):
            cut = self._cut(f"{before}{given}")
            if self._multi:
                found = self._model.encode_query(given, output_value=None, **how)
                return self._words(found, cut)
            pooled = np.asarray(self._model.encode_query(given, convert_to_numpy=True, **how))
        return Encoded(pooled[None], pooled, (text,) if text else (), cut=cut)

    def _words(self, found: Mapping[str, Any], cut: int | None) -> Encoded:
        """Return a query's vectors, those that are scored."""
        scored = found["attention_mask"].bool()
        rows = np.asarray(found["token_embeddings"][scored].float().cpu())
        names = self._model.tokenizer.convert_ids_to_tokens(found["input_ids"][scored].tolist())
        return Encoded(rows, mean_direction(rows), tuple(map(str, names)), cut=cut)

    def _cut(self, text: str) -> int | None:
        """Return how many pieces of a prompted caption are beyond the encoder's limit."""
        most = self._model.max_seq_length
        if most is None or most > ENDLESS:
            return None
        ids = self._model.tokenizer(text, verbose=False)["input_ids"]
        return max(0, len(ids) - int(most))


def _read(folder: StFolder, *, multi: bool, device: str) -> Any:
    """Return the encoder, read by the library."""
    import torch

    library = needed("sentence_transformers", EXTRA)
    kind = library.MultiVectorEncoder if multi else library.SentenceTransformer
    given = {"dtype": torch.float32, "attn_implementation": ATTENTION, "use_safetensors": True}
    with offline(), reading(folder.path, "give another encoder", "cannot be read"):
        return kind(
            str(folder.path),
            device=device,
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs=given,
        )


def _revision(weights: Sequence[Path]) -> str:
    """Return the SHA-256 of the weights; of several the one of their SHA-256s, a line each."""
    hashes = [sha256(part) for file in weights for part in parts(file)]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()
