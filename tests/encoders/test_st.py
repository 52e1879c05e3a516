"""``st``: what sentence-transformers gives, as tokens; and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sentence_transformers")
pytest.importorskip("PIL")

import tiny_hf
import tiny_st
import tiny_tokenizers
from cli_runs import run
from tiny_st import sentence_transformers
from toy_videos import write_captions, write_videos

from vrbench.datasets.captions import Caption
from vrbench.encoders import encoders
from vrbench.encoders.hf.frames import noise
from vrbench.encoders.pooled import mean_direction
from vrbench.encoders.st import St
from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.video import Clip

CAPTION = Caption("v#0", "v", "a cat sits")


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_st.save_pooled(tmp_path_factory.mktemp("pooled"))


@pytest.fixture(scope="module")
def multi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_st.save_multi(tmp_path_factory.mktemp("multi"))


@pytest.fixture
def copied(pooled: Path, tmp_path: Path) -> Path:
    """A copy of the pooled encoder, to be damaged."""
    for file in pooled.rglob("*"):
        if file.is_file():
            target = tmp_path / "model" / file.relative_to(pooled)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return tmp_path / "model"


def clip() -> Clip:
    return Clip("v", noise(3, seed=5), [4, 6, 8])


def test_pooled_outputs_are_the_librarys(pooled: Path) -> None:
    encoder = St().load(pooled)
    own = sentence_transformers.SentenceTransformer(str(pooled), device="cpu")
    video, text = encoder.video(clip()), encoder.text(CAPTION)
    expected = own.encode(clip().images, convert_to_numpy=True)
    np.testing.assert_allclose(video.tokens, expected, atol=1e-5)
    np.testing.assert_allclose(video.global_vector, mean_direction(expected), atol=1e-5)
    assert video.frame is not None
    assert video.frame.tolist() == [4, 6, 8]
    said = own.encode(["the dog a cat sits"], convert_to_numpy=True)[0]
    np.testing.assert_allclose(text.global_vector, said, atol=1e-5)
    np.testing.assert_array_equal(text.tokens, text.global_vector[None])
    assert text.words == ("a cat sits",)
    assert encoder.text(Caption("v#0", "v", " ")).words == ()
    assert (encoder.video_dim, encoder.text_dim) == (12, 12)
    plain = St(prompt="on the {}").load(pooled)
    bare = own.encode(["on the a cat sits"], convert_to_numpy=True)[0]
    np.testing.assert_allclose(plain.text(CAPTION).global_vector, bare, atol=1e-5)
    assert (encoder.attrs["query_prompt"], plain.attrs["query_prompt"]) == (
        "the dog ",
        "on the {}",
    )


def test_what_is_recorded(pooled: Path) -> None:
    encoder = St().load(pooled)
    assert encoder.attrs["model"] == "SentenceTransformer"
    assert encoder.attrs["modules"] == "Transformer > Dense"
    assert (encoder.attrs["text_tokens"], encoder.attrs["video_tokens"]) == ("global", "frames")
    assert {"modules.json", "model.safetensors", "1_Dense/model.safetensors"} <= set(
        encoder.weights
    )
    assert str(pooled) not in json.dumps([dict(encoder.attrs), dict(encoder.weights)])
    assert "pooled outputs only" in encoder.checks[0]


def test_long_captions_are_counted(pooled: Path) -> None:
    long = Caption("v#0", "v", " ".join(["on"] * 20))
    encoder = St().load(pooled)
    assert encoder.text(long).cut == 22 + 2 - tiny_tokenizers.PLACES
    assert encoder.text(CAPTION).cut == 0


def test_multi_vectors_are_those_of_maxsim(multi: Path) -> None:
    encoder = St().load(multi)
    own = sentence_transformers.MultiVectorEncoder(str(multi), device="cpu")
    video, text = encoder.video(clip()), encoder.text(CAPTION)
    query = own.encode_query(CAPTION.text, convert_to_numpy=True)
    frames = own.encode_document(clip().images, convert_to_numpy=True)
    np.testing.assert_allclose(text.tokens, query, atol=1e-5)
    np.testing.assert_allclose(video.tokens, np.concatenate(frames), atol=1e-5)
    np.testing.assert_allclose(text.global_vector, mean_direction(query), atol=1e-5)
    assert video.frame is not None
    assert video.frame.tolist() == np.repeat([4, 6, 8], [len(rows) for rows in frames]).tolist()
    assert len(frames[0]) > tiny_st.PATCHES
    assert text.words[2:6] == ("<unk>", "a", "cat", "sits")
    assert encoder.attrs["model"] == "MultiVectorEncoder"
    assert (encoder.attrs["text_tokens"], encoder.attrs["video_tokens"]) == ("words", "patches")


def test_extract(multi: Path, tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos", ["a", "b"], frames=2)
    captions = write_captions(tmp_path / "c.csv", [("a", "a cat"), ("b", "the dog runs")])
    done = run(
        *("extract", "--videos", videos, "--captions", captions, "--encoder", "st"),
        *("--weights", multi, "--out", tmp_path / "f.h5", "-v"),
    )
    assert done.code == 0, done.err
    assert "MultiVectorEncoder, captions and frames: the vectors of MaxSim" in done.err
    with open_features(tmp_path / "f.h5") as features:
        assert features.video is not None
        assert len(set(features.video.lengths.tolist())) == 1


def edited(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def refused(folder: Path, *said: str) -> None:
    with pytest.raises(InputError) as caught:
        St().load(folder)
    for words in said:
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_modules_of_others_are_refused(copied: Path, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    (copied / "own.py").write_text(f"open({str(touched)!r}, 'w')\nclass Own: pass\n")
    modules = json.loads((copied / "modules.json").read_text())
    for kind in ("own.Own", "os.system", "sentence_transformers.util.misc.import_from_string"):
        modules[1]["type"] = kind
        (copied / "modules.json").write_text(json.dumps(modules))
        refused(copied, kind, "code in a model's folder is not run")
    modules[1] |= {"type": "sentence_transformers.base.modules.dense.Dense", "path": "../other"}
    (copied / "modules.json").write_text(json.dumps(modules))
    refused(copied, "outside of it")
    assert not touched.exists()


def test_settings_that_fetch_or_run_something_are_refused(copied: Path) -> None:
    edited(copied / "sentence_bert_config.json", model_args={"use_kernels": True})
    refused(copied, "'model_args'", "fetch or run")
    edited(copied / "sentence_bert_config.json", model_args={"attn_implementation": "a/kernel"})
    refused(copied, "'attn_implementation'")
    edited(copied / "sentence_bert_config.json", model_args={})
    edited(copied / "config.json", text_config={"vocab_size": 10**9})
    refused(copied, "holds 1000000000, a number beyond 268,435,456")


def test_weights_have_to_be_safetensors(copied: Path) -> None:
    (copied / "1_Dense" / "model.safetensors").rename(copied / "1_Dense" / "pytorch_model.bin")
    refused(copied, "pytorch_model.bin", "safetensors only")


def test_no_encoder_of_images(tmp_path: Path) -> None:
    refused(tmp_path, "no folder with modules.json")
    with pytest.raises(InputError, match="needs --weights"):
        St().load(None)
    transformers = tiny_tokenizers.transformers
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    bert = transformers.BertModel(transformers.BertConfig(**sizes, vocab_size=64))
    bert.save_pretrained(tmp_path)
    tiny_tokenizers.tokenizer().save_pretrained(tmp_path)
    refused(tmp_path, "encodes text", "an encoder of images and texts")


def test_siglip_is_left_to_hf(tmp_path: Path) -> None:
    refused(tiny_hf.save("siglip", tmp_path), "filled up to 16 pieces", "use hf")


def test_specs() -> None:
    for spec in ("st", "st:vectors=multi,prompt=query of {}"):
        assert encoders.spec(encoders.parse(spec)) == spec
    with pytest.raises(InputError):
        encoders.parse("st:vectors=one")
