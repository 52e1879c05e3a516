"""Tiny random encoders of sentence-transformers: a pooled CLIP, a multi-vector ColPali."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_hf
import tiny_tokenizers
from tiny_tokenizers import tokenizers, transformers

sentence_transformers: Any = pytest.importorskip("sentence_transformers")

PATCHES, WIDTH = 16, 16
_IMAGE = "<image>"


def save_pooled(folder: Path, width: int = 12) -> Path:
    """A CLIP, then a linear map of its embeddings, with a prompt for queries."""
    modules = sentence_transformers.base.modules
    clip = modules.Transformer(str(tiny_hf.save("clip", folder / "clip")))
    dense = modules.Dense(tiny_hf.DIM, width)
    made = sentence_transformers.SentenceTransformer(
        modules=[clip, dense], device="cpu", prompts={"query": "the dog "}
    )
    made.save(str(folder / "pooled"), create_model_card=False)
    return folder / "pooled"


def save_multi(folder: Path) -> Path:
    """A ColPali as transformers saves it, which the library takes as a multi-vector encoder."""
    words = ["<pad>", "<eos>", "<bos>", "<unk>", _IMAGE, *tiny_tokenizers.WORDS]
    added = [f"<loc{i:0>4}>" for i in range(1024)] + [f"<seg{i:0>3}>" for i in range(128)]
    vocabulary = {word: place for place, word in enumerate([*words, *added])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        **{f"{name}_token": f"<{name}>" for name in ("bos", "eos", "pad", "unk")},
        additional_special_tokens=[_IMAGE],
    )
    layers = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    layers |= {"intermediate_size": 48}
    vision = {**layers, "image_size": tiny_hf.SIDE, "patch_size": 8, "vision_use_head": False}
    text = {**layers, "vocab_size": len(vocabulary), "num_key_value_heads": 1, "head_dim": 16}
    inner = transformers.PaliGemmaConfig(
        vision_config={**vision, "projection_dim": 32, "model_type": "siglip_vision_model"},
        text_config={**text, "model_type": "gemma"},
        image_token_index=words.index(_IMAGE),
        projection_dim=32,
        hidden_size=32,
    )
    config = transformers.ColPaliConfig(vlm_config=inner, embedding_dim=WIDTH)
    transformers.ColPaliForRetrieval(config).eval().save_pretrained(folder)
    pixels = transformers.SiglipImageProcessorPil(size=tiny_hf.SIDE_BY_SIDE)
    pixels.image_seq_length = PATCHES
    transformers.ColPaliProcessor(pixels, tokenizer).save_pretrained(folder)
    return folder
