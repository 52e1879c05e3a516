"""Tiny tokenizers, of the kinds that the models of ``tiny_hf`` come with."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

transformers: Any = pytest.importorskip("transformers")
tokenizers: Any = pytest.importorskip("tokenizers")

PLACES = 16
WORDS = ["a", "cat", "sits", "on", "the", "mat", "and", "dog", "runs", "."]
SPECIAL = ["<pad>", "<s>", "<unk>"]
VOCABULARY = {word: place for place, word in enumerate([*SPECIAL, *WORDS, "</s>"])}
PAD, BOS, EOS = (VOCABULARY[name] for name in ("<pad>", "<s>", "</s>"))

CHAT = {
    f"<|{name}|>": len(VOCABULARY) + place
    for place, name in enumerate(
        ["im_start", "im_end", "endoftext", "vision_start", "vision_end", "image_pad", "video_pad"]
    )
}

_SENTENCES = ["a cat sits on the mat and a dog runs", "the dog sits", "cats run"]


def tokenizer(kind: str = "clip") -> Any:
    """A tokenizer of words; ``kind``: clip (BOS, EOS), t5 (EOS), bare (none), chat (Qwen's).

    ``gemma``: of letters, SigLIP 2's own class, as transformers takes no other for it.
    """
    if kind == "gemma":
        vocabulary = [
            "<pad>",
            "<eos>",
            "<bos>",
            "<unk>",
            *"abcdefghijklmnopqrstuvwxyz.▁",
            "ca",
            "cat",
        ]
        return transformers.Siglip2Tokenizer(
            vocab={piece: place for place, piece in enumerate(vocabulary)},
            merges=[("c", "a"), ("ca", "t")],
            padding_side="right",
            model_max_length=PLACES,
        )
    model = tokenizers.models.WordLevel(VOCABULARY | (CHAT if kind == "chat" else {}), "<unk>")
    made = tokenizers.Tokenizer(model)
    made.normalizer = tokenizers.normalizers.Lowercase()
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    ends = {"clip": ("<s> ", " </s>"), "t5": ("", " </s>"), "bare": ("", "")}.get(kind, ("", ""))
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single=f"{ends[0]}$A{ends[1]}", special_tokens=[("<s>", BOS), ("</s>", EOS)]
    )
    extra = {"additional_special_tokens": list(CHAT)} if kind == "chat" else {}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=PLACES if kind != "chat" else 256,
        **extra,
    )


def save_sentencepiece(folder: Path) -> None:
    """Save a tokenizer of SigLIP's own class, which runs in Python and lowers and strips."""
    sentencepiece = pytest.importorskip("sentencepiece")
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_SENTENCES * 20),
        model_writer=made,
        vocab_size=40,
        pad_id=-1,
        unk_id=2,
        bos_id=-1,
        eos_id=1,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "spiece.model").write_bytes(made.getvalue())
    made_of = transformers.SiglipTokenizer(str(folder / "spiece.model"), model_max_length=PLACES)
    made_of.save_pretrained(folder)
