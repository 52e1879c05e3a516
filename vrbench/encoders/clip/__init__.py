"""``clip``: CLIP with a vision transformer, tokens of frames, patches and words in its space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vrbench.encoders import encoders
from vrbench.encoders.base import Encoder, LoadedEncoder
from vrbench.errors import InputError


@encoders.register("clip")
@dataclass(frozen=True)
class ClipEncoder(Encoder):
    """CLIP: [CLS], patches and words, all projected into the joint space.

    A frame's rows are ``visual_projection(post_layernorm(h))`` of the image tower's last hidden
    states h: row 0, [CLS], is the image embedding, then one row a patch. A caption's rows are
    ``text_projection(h)``, h after the final layer norm: the row of EOT is the text embedding.
    CLIP was trained on these two rows only; projecting the other rows too is a convention of the
    token-wise methods. No row is scaled to length 1.

    Global vectors: of a video l2(mean(l2([CLS] rows))), CLIP4Clip's meanP; of a caption its EOT
    row.

    ``--weights`` names a folder of transformers, a file (OpenAI's archive or state dict, an
    open_clip state dict, a checkpoint of CLIP4Clip or another model around a CLIP), or a model on
    the Hugging Face hub; the tokenizer (``tokenizer.json``, ``vocab.json`` and ``merges.txt``, or
    ``bpe_simple_vocab_16e6.txt.gz``) lies beside them. The feature file records the activation and
    the checkpoint's logit scale (``scale``, which multiplies cosines).

    Source: Radford et al., arXiv:2103.00020; Luo et al., CLIP4Clip, arXiv:2104.08860; Zou et al.,
    TokenFlow (``frame-patches-mean``). Deviation: everything is computed in float32.

    Attributes:
        tokens: ``cls``: a row a frame. ``patches``: every frame's [CLS] (level 0) and patches
            (level 1). ``frame-patches-mean``: the mean over frames at each place, [CLS] first: 50
            rows for ViT-B/32 at 224 pixels, whatever the number of frames.
        sot: whether SOT, the same vector in every caption, is among the words.
        eot: whether EOT is among the words.
        max_words: most tokens of a caption, SOT and EOT included, as CLIP4Clip counts them: 32,
            for paragraphs 64, at most what the text tower has places for (77).
        activation: of both towers; ``auto`` takes it from the files, and is refused where they do
            not say it (a state dict of open_clip alone).
        crop: how the centre is rounded, see ``ClipPixels``.

    Raises:
        InputError: a parameter is out of range.
    """

    tokens: Literal["cls", "patches", "frame-patches-mean"] = "cls"
    sot: bool = False
    eot: bool = True
    max_words: int = 32
    activation: Literal["auto", "quick_gelu", "gelu"] = "auto"
    crop: Literal["transformers", "openai"] = "transformers"
    source = "arXiv:2103.00020"

    def __post_init__(self) -> None:
        if self.max_words < 3:
            raise InputError(
                f"max_words counts SOT and EOT and must be at least 3, it is {self.max_words}."
            )

    def load(self, weights: Path | None, device: str = "cpu") -> LoadedEncoder:
        """Read weights, tokenizer and preprocessing.

        Args:
            weights: file, folder or hub name.
            device: ``cpu``, ``cuda`` or ``auto``, where the towers run.

        Raises:
            InputError: a file is missing or does not fit.
        """
        from vrbench.encoders.clip.towers import LoadedClip

        if weights is None:
            raise InputError(
                "The encoder clip needs --weights: a folder with config.json, model.safetensors and"
                " tokenizer.json, a .pt file with its tokenizer beside it, or a name on the Hugging"
                " Face hub such as openai/clip-vit-base-patch32."
            )
        return LoadedClip(self, weights, device)
