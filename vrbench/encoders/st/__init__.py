"""``st``: encoders of sentence-transformers for texts and images, pooled or multi-vector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vrbench.encoders import encoders
from vrbench.encoders.base import Encoder, LoadedEncoder
from vrbench.encoders.prompts import check_prompt
from vrbench.errors import InputError


@encoders.register("st")
@dataclass(frozen=True)
class St(Encoder):
    """An encoder of sentence-transformers that takes texts and images.

    Pooled (a ``SentenceTransformer``): a frame's token is its embedding, and a caption's only
    token is its embedding, the global vector; the library gives no rows of words. A video's global
    vector is l2(mean(l2(rows of its frames))), CLIP4Clip's meanP.

    Multi-vector (a ``MultiVectorEncoder``: ColPali, ColQwen): the tokens are the vectors that
    the library scores by MaxSim, of a caption those of its query with whatever the model adds to
    it, of a video those of every frame. There is no pooled vector; the global ones are
    l2(mean(l2(tokens))), a convention. ``--method maxsim`` compares as the library does.

    Captions are encoded as queries and frames as documents, with the prompts of the folder, which
    the feature file records. ``--weights`` names a folder as ``save_pretrained`` writes it;
    nothing is downloaded, no code in it is run, and weights have to be safetensors.

    Source: Reimers and Gurevych, arXiv:1908.10084; Khattab and Zaharia, ColBERT,
    arXiv:2004.12832; Faysse et al., ColPali, arXiv:2407.01449.

    Attributes:
        vectors: ``pooled`` or ``multi``; ``auto`` takes it from the folder.
        prompt: what a caption is put into, with ``{}`` in its place, instead of the folder's prompt
            for queries.

    Raises:
        InputError: a parameter is out of range.
    """

    vectors: Literal["auto", "pooled", "multi"] = "auto"
    prompt: str | None = None
    source = "arXiv:1908.10084"

    def __post_init__(self) -> None:
        check_prompt(self.prompt)

    def load(self, weights: Path | None, device: str = "cpu") -> LoadedEncoder:
        """Read an encoder.

        Args:
            weights: the folder.
            device: ``cpu``, ``cuda`` or ``auto``, where it runs.

        Raises:
            InputError: a file is missing or does not fit, or the encoder takes no images.
        """
        from vrbench.encoders.st.loaded import LoadedSt

        if weights is None:
            raise InputError(
                "The encoder st needs --weights: a folder with modules.json and model.safetensors, "
                "as sentence-transformers writes it; nothing is downloaded."
            )
        return LoadedSt(self, weights, device)
