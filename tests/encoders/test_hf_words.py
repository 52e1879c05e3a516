"""Captions of ``hf``: padding, prompts, conversations, limits, and which rows are tokens."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("PIL")

import hf_oracle
import tiny_hf
import tiny_tokenizers
from hf_oracle import unit
from loaded_hf import CAPTION, at, clip, folders, load

from vrbench.datasets.captions import Caption
from vrbench.encoders import encoders
from vrbench.encoders.hf import Hf
from vrbench.errors import InputError

__all__ = ["folders"]


def test_padding_changes_what_siglip_gives(folders: Path) -> None:
    padded = load(folders, "siglip").text(CAPTION).global_vector
    bare = load(folders, "siglip", Hf(padding="none")).text(CAPTION).global_vector
    assert np.linalg.norm(padded - bare) > 0.01 * np.linalg.norm(bare)
    assert load(folders, "siglip").attrs["padding"] == "16 places on the right, attended"
    assert load(folders, "siglip", Hf(padding="none")).attrs["padding"] == "none"


def test_qwen_reads_a_conversation(folders: Path) -> None:
    rows, before = hf_oracle.chat(CAPTION.text, at(folders, "qwen3_vl"))
    encoded = load(folders, "qwen3_vl").text(CAPTION)
    np.testing.assert_allclose(encoded.global_vector, rows[-1], atol=1e-5)
    assert encoded.words[:-1] == ("A", "cat", "sits", ".")
    first = int(np.linalg.norm(rows - encoded.tokens[0], axis=1).argmin())
    np.testing.assert_allclose(encoded.tokens[:-1], rows[first : first + 4], atol=1e-5)
    unnormed = load(folders, "qwen3_vl", Hf(pooling="unnormed"))
    np.testing.assert_allclose(unnormed.text(CAPTION).global_vector, before[-1], atol=1e-5)
    assert (unnormed.attrs["pooling"], unnormed.attrs["text_pooled"]) == (
        "unnormed",
        "last row of h",
    )
    frame = load(folders, "qwen3_vl").video(clip(1)).tokens[0]
    np.testing.assert_allclose(
        frame, hf_oracle.chat("", at(folders, "qwen3_vl"), clip(1).images[0])[0][-1], atol=1e-5
    )


def test_instruction_and_prompt(folders: Path) -> None:
    spec = Hf(instruction="the dog runs", prompt="the mat and {} on a mat")
    encoder = load(folders, "qwen3_vl", spec)
    rows, _ = hf_oracle.chat(
        f"the mat and {CAPTION.text} on a mat", at(folders, "qwen3_vl"), instruction="the dog runs"
    )
    encoded = encoder.text(CAPTION)
    np.testing.assert_allclose(encoded.global_vector, rows[-1], atol=1e-5)
    assert encoded.words[:-1] == ("A", "cat", "sits", ".")
    assert encoder.attrs["instruction"] == "the dog runs"
    assert encoder.attrs["prompt"] == "the mat and {} on a mat"
    shorter = load(folders, "clip", Hf(prompt="a dog {}"))
    expected = hf_oracle.text_embedding("clip", at(folders, "clip"), f"a dog {CAPTION.text}")
    np.testing.assert_allclose(unit(shorter.text(CAPTION).global_vector), unit(expected), atol=2e-6)
    assert shorter.text(CAPTION).words == ("A", "cat", "sits", ".", "</s>")


def test_long_captions_are_cut_as_the_library_cuts_them(folders: Path) -> None:
    long = " ".join(["a cat sits on the mat and"] * 4)
    for kind in ("clip", "siglip", "chinese_clip"):
        encoded = load(folders, kind).text(Caption("v#0", "v", long))
        expected = hf_oracle.text_embedding(kind, at(folders, kind), long)
        np.testing.assert_allclose(unit(encoded.global_vector), unit(expected), atol=2e-6)
        special = 1 if kind == "siglip" else 2
        assert encoded.cut == 28 - (tiny_tokenizers.PLACES - special)
    short = load(folders, "clip", Hf(max_words=5)).text(Caption("v#0", "v", long))
    assert (short.words, short.cut) == (("a", "cat", "sits", "</s>"), 25)
    with pytest.raises(InputError, match=r"max_words is 17, .* takes only 16"):
        Hf(max_words=17).load(at(folders, "clip"))
    with pytest.raises(InputError, match="leave no place"):
        Hf(max_words=5, prompt="a dog runs {}").load(at(folders, "clip"))


def test_which_special_rows_are_tokens(folders: Path) -> None:
    every = load(folders, "chinese_clip", Hf(special="all")).text(CAPTION)
    assert every.words == ("<s>", "A", "cat", "sits", ".", "</s>")
    some = load(folders, "chinese_clip").text(CAPTION)
    assert some.words == ("<s>", "A", "cat", "sits", ".")
    np.testing.assert_array_equal(every.tokens[:-1], some.tokens)
    assert load(folders, "siglip", Hf(special="all")).text(CAPTION).words[-2:] == ("</s>", "<pad>")
    assert load(folders, "clip").text(Caption("v#0", "v", " ")).words == ()


def test_siglips_own_tokenizer_runs_in_python(tmp_path: Path) -> None:
    folder = tiny_hf.save("siglip", tmp_path)
    (folder / "tokenizer.json").unlink()
    tiny_tokenizers.save_sentencepiece(folder)
    encoder = Hf().load(folder)
    encoded = encoder.text(Caption("v#0", "v", "A CAT, sits!"))
    expected = hf_oracle.text_embedding("siglip", folder, "a cat sits")
    np.testing.assert_allclose(unit(encoded.global_vector), unit(expected), atol=2e-6)
    assert encoded.words == ("a", "cat", "sits", "</s>")
    assert encoder.weights["spiece.model"]


def test_specs() -> None:
    for spec in ("hf", "hf:tokens=patches,special=all,max_words=32,prompt=a video of {}"):
        assert encoders.spec(encoders.parse(spec)) == spec
    for spec in ("hf:max_words=-1", "hf:prompt=a video", "hf:padding=left", "hf:tokens=cls"):
        with pytest.raises(InputError):
            encoders.parse(spec)
