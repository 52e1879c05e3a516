"""A model of transformers, loaded and tried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.datasets.captions import Caption
from vrbench.encoders.base import Encoded, LoadedEncoder
from vrbench.encoders.checkpoint import parts
from vrbench.encoders.hf import recorded
from vrbench.encoders.hf.families import INSTRUCTION, Family, family_of
from vrbench.encoders.hf.folder import CONFIG, Folder, look_through
from vrbench.encoders.hf.frames import Frames, noise
from vrbench.encoders.hf.loading import offline, read_model
from vrbench.encoders.hf.probing import PROBES, try_captions, try_clip, try_frames
from vrbench.encoders.hf.texts import Texts
from vrbench.encoders.hf.towers import Chat, Towers
from vrbench.encoders.hf.videos import VideoSide
from vrbench.encoders.hf.words import Words, around
from vrbench.encoders.prompts import PLACE
from vrbench.encoders.running import running
from vrbench.encoders.session import sha256
from vrbench.errors import InputError
from vrbench.runtime.device import torch_device
from vrbench.runtime.inputs import reading
from vrbench.video import Clip

if TYPE_CHECKING:
    from vrbench.encoders.hf import Hf


class LoadedHf(LoadedEncoder):
    """An ``Hf`` with its weights.

    Raises:
        InputError: a file is missing or does not fit, or a parameter does not suit the model.
    """

    def __init__(self, spec: Hf, weights: Path, device: str) -> None:
        folder = look_through(weights)
        family = _family(spec, folder)
        self.device = torch_device(device)
        with offline():
            model, notes = read_model(folder)
            said = around(family, spec.prompt, spec.instruction)
            words = Words(folder, model.config, family, said)
            words.limit_to(spec.max_words)
            frames = Frames(folder)
        model = model.to(self.device)
        kind = Chat(model, family, words) if family.tower == "chat" else Towers(model, family)
        self._try(spec, kind, words, frames, folder)
        name, texts, videos = type(model).__name__, self._texts.tried, self._videos.tried
        files = {*folder.files, folder.weights, *parts(folder.weights)}
        self.weights = {path.name: sha256(path) for path in sorted(files)}
        self.notes = (*notes, *recorded.notes(name, texts, videos if kind.places else None))
        self.checks = recorded.checks(name, texts, videos)
        self.attrs = {
            "model": name,
            "family": family.name,
            "revision": recorded.revision(folder.weights),
            "text_tokens": "global" if texts.found.how == "none" else "words",
            "text_pooled": recorded.place(texts),
            "video_tokens": self._videos.tokens,
            "video_pooled": recorded.place(videos),
            "padding": f"{words.fill} places on the {words.side}, attended"
            if words.fill
            else "none",
            "max_words": words.limit,
            **_prompts(spec, kind),
            **recorded.scale_and_bias(model),
        }

    def _try(self, spec: Hf, towers: Towers, words: Words, frames: Frames, folder: Folder) -> None:
        """Find which rows the model pools, and encode something of each side."""
        with running(self.device), reading(folder.path, "give another model", "cannot be run"):
            texts = try_captions(towers, words)
            videos = (try_clip if towers.places else try_frames)(towers, frames)
            self._texts = Texts(towers, words, texts, spec.special)
            self._videos = VideoSide(towers, frames, videos, spec.tokens)
            self.text_dim = len(self._texts(PROBES[0]).global_vector)
            images = noise(towers.places or 1)
            probe = Clip("noise", images, range(len(images)))
            self.video_dim = len(self._videos(probe).global_vector)

    def video(self, clip: Clip) -> Encoded:
        """Encode the frames of a video."""
        with running(self.device):
            return self._videos(clip)

    def text(self, caption: Caption) -> Encoded:
        """Encode a caption."""
        with running(self.device):
            return self._texts(caption.text)


def _family(spec: Hf, folder: Folder) -> Family:
    """Return the model's family, as the spec's parameters change it.

    Raises:
        InputError: a parameter does not suit the family.
    """
    family = family_of(str(folder.config.get("model_type")))
    if spec.pooling == "unnormed":
        if family.tower != "chat":
            raise InputError(
                f"pooling=unnormed is for language models such as Qwen3-VL; {folder.path / CONFIG} "
                f"is of the family {family.name}: leave it out."
            )
        family = replace(family, words=("h",), patches=("h",))
    padded = family.padded if spec.padding == "auto" else spec.padding == "places"
    return replace(family, padded=padded)


def _prompts(spec: Hf, towers: Towers) -> Mapping[str, Any]:
    """Return what stands around captions and frames, and how frames are pooled."""
    found: dict[str, Any] = {}
    if spec.prompt != PLACE:
        found["prompt"] = spec.prompt
    if towers.family.template:
        found["instruction"] = spec.instruction or INSTRUCTION
        found["pooling"] = spec.pooling
    if towers.family.tower == "rows":
        found["text_prompts"] = "none: texts are not conditioned on videos"
    if towers.places:
        found["model_frames"] = towers.places
    return found
