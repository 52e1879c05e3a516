"""``hf``: any model with two towers that transformers loads from a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vrbench.encoders import encoders
from vrbench.encoders.base import Encoder, LoadedEncoder
from vrbench.encoders.prompts import PLACE, check_prompt
from vrbench.errors import InputError


@encoders.register("hf")
@dataclass(frozen=True)
class Hf(Encoder):
    """A two-tower model of transformers: SigLIP, X-CLIP, Qwen3-VL embeddings and others.

    A frame's token is what the model pools of one frame; a word's is the text head applied to the
    row of a word. When the model is loaded, one row of a caption or the mean of its rows has to
    reproduce the model's own pooled output, to 1e-4 of its length; where none does, a caption's
    only token is its global vector, the file says so (``text_tokens``), and a note. Likewise the
    frames of models that take a video as a whole, and patches, which are refused then.
    docs/extraction.md has a table of the families. No row is scaled to length 1.

    Global vectors: of a caption the pooled output; of a video the model's own where it has one
    (X-CLIP, VideoPrism), else l2(mean(l2(rows of its frames))), CLIP4Clip's meanP.

    ``--weights`` names a folder as ``save_pretrained`` writes it; nothing is downloaded, no code
    in it is run. The feature file records the class of the model, the sha256 of its weights
    (``revision``), prompt and instruction, padding, how many frames it takes, and the checkpoint's
    logit scale and bias (``scale``, which multiplies cosines, and ``bias``).

    Source: the papers of the models. Deviations: everything is computed in float32 with plain
    attention; captions are not padded but where the models need it (SigLIP).

    Attributes:
        tokens: ``frames``: a token a frame. ``patches``: every frame's token (level 0) and its
            patches (level 1).
        special: which rows besides the words of a caption are tokens: the row that is its
            ``pooled`` output, ``none``, or ``all`` that the tokenizer adds, padding apart.
        max_words: most pieces of a caption, special ones, prompt and instruction included; 0: as
            many as the model takes.
        padding: ``auto``: as the family was trained; ``places``: captions are filled up to all
            places, which are attended; ``none``.
        prompt: what a caption is put into, with ``{}`` in its place.
        instruction: of a model that takes one; none: its default.
        pooling: of a language model: rows after its final norm (``normed``), or before.

    Raises:
        InputError: a parameter is out of range.
    """

    tokens: Literal["frames", "patches"] = "frames"
    special: Literal["pooled", "none", "all"] = "pooled"
    max_words: int = 0
    padding: Literal["auto", "places", "none"] = "auto"
    prompt: str = PLACE
    instruction: str | None = None
    pooling: Literal["normed", "unnormed"] = "normed"
    source = "Hugging Face transformers"

    def __post_init__(self) -> None:
        if self.max_words < 0:
            raise InputError(f"max_words must be at least 0, it is {self.max_words}.")
        check_prompt(self.prompt)

    def load(self, weights: Path | None, device: str = "cpu") -> LoadedEncoder:
        """Read a model with tokenizer and preprocessing, and try it out.

        Args:
            weights: the folder.
            device: ``cpu``, ``cuda`` or ``auto``, where the model runs.

        Raises:
            InputError: a file is missing or does not fit, or the model has no two towers.
        """
        from vrbench.encoders.hf.loaded import LoadedHf

        if weights is None:
            raise InputError(
                "The encoder hf needs --weights: a folder with config.json, model.safetensors, "
                "tokenizer.json and preprocessor_config.json; nothing is downloaded."
            )
        return LoadedHf(self, weights, device)
