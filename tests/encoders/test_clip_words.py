import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("PIL")

import tiny_clip
from loaded_clip import ALL_WORDS, CAPTION, folder, load, model

from vrbench.datasets.captions import Caption
from vrbench.encoders.clip import ClipEncoder
from vrbench.encoders.clip.words import read_words
from vrbench.errors import InputError

__all__ = ["folder", "model"]


@pytest.mark.parametrize(
    ("sot", "eot", "part"),
    [(True, True, slice(None)), (False, True, slice(1, None)), (False, False, slice(1, -1))],
)
def test_words_with_and_without_ends(folder: Path, sot: bool, eot: bool, part: slice) -> None:
    whole = load(folder, ALL_WORDS).text(CAPTION)
    encoded = load(folder, ClipEncoder(sot=sot, eot=eot)).text(CAPTION)
    assert tuple(encoded.words) == tuple(whole.words)[part]
    np.testing.assert_array_equal(encoded.tokens, whole.tokens[part])
    np.testing.assert_array_equal(encoded.global_vector, whole.global_vector)


def test_long_captions_are_cut_before_eot(folder: Path) -> None:
    long = Caption("v#0", "v", "cat sits " * 30)
    encoder = load(folder, ClipEncoder(sot=True, max_words=6))
    encoded = encoder.text(long)
    assert encoded.words == ("<|startoftext|>", *["cat", "sits"] * 2, "<|endoftext|>")
    short = encoder.text(Caption("v#1", "v", "cat sits cat sits"))
    np.testing.assert_array_equal(encoded.tokens, short.tokens)
    assert (encoded.cut, short.cut) == (56, 0)
    assert encoder.text(Caption("v#2", "v", " ")).words == ()
    assert encoder.text(Caption("v#2", "v", " ")).tokens.shape == (0, tiny_clip.DIM)


@pytest.mark.parametrize(
    "save", [tiny_clip.save_bpe, tiny_clip.save_vocabulary, tiny_clip.save_tokenizer_json]
)
def test_tokenizers_agree_with_transformers(save: Any, tmp_path: Path) -> None:
    save(tmp_path)
    words = read_words(tmp_path)
    reference = tiny_clip.tokenizer()
    for text in ("a cat sits", "Café  Ünï 中文 12's they've it's!!", "cats\tdo\nnot", "x_y-z 🙂"):
        found, pieces, cut = words(text, 77)
        assert found == reference(text)["input_ids"]
        assert len(pieces) == len(found)
        assert cut == 0
    assert words("a &amp;amp; b", 77) == words("a & b", 77)
    assert words("The cat", 77)[1] == ["<|startoftext|>", "T", "h", "e", "cat", "<|endoftext|>"]


def test_text_towers_have_so_many_places_and_words(
    model: Any, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="has only 40 places"):
        load(folder, replace(ALL_WORDS, max_words=41))
    tiny_clip.save_transformers(model, tmp_path)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["more"] = len(tiny_clip.WORDS)
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(InputError, match=r"has the id 520, but this CLIP knows only 520 words"):
        load(tmp_path)
