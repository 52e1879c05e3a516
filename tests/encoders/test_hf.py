"""Every family of ``hf``: tokens against the model's own outputs, by other ways than its own."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("PIL")

import hf_oracle
import tiny_hf
import torch
from hf_oracle import unit
from loaded_hf import CAPTION, IMAGE, TYPES, VIDEO, at, clip, folders, load

from vrbench.encoders.hf import Hf
from vrbench.encoders.hf.families import FAMILIES, OTHER
from vrbench.errors import InputError

__all__ = ["folders"]


def test_a_tiny_model_for_every_family() -> None:
    assert {*TYPES, "groupvit", "blip"} == set(tiny_hf.MODELS)


@pytest.mark.parametrize("kind", [*IMAGE, *VIDEO])
def test_a_caption_pools_as_in_the_model(folders: Path, kind: str) -> None:
    encoded = load(folders, kind).text(CAPTION)
    expected = hf_oracle.text_embedding(kind, at(folders, kind), CAPTION.text)
    np.testing.assert_allclose(unit(encoded.global_vector), unit(expected), atol=2e-6)
    rows = np.linalg.norm(encoded.tokens - encoded.global_vector, axis=1)
    assert (rows < 1e-5).sum() == 1, "the pooled row is among the words"
    alone = load(folders, kind, Hf(special="none")).text(CAPTION)
    if kind != "siglip2":
        assert alone.words == ("A", "cat", "sits", ".")
    assert len(encoded.words) == len(encoded.tokens) == len(alone.tokens) + 1
    assert encoded.cut == 0


@pytest.mark.parametrize("kind", IMAGE)
def test_frames_are_what_the_model_pools(folders: Path, kind: str) -> None:
    images = clip().images
    encoded = load(folders, kind).video(clip())
    expected = hf_oracle.image_embeddings(kind, at(folders, kind), images)
    np.testing.assert_allclose(unit(encoded.tokens), unit(expected), atol=2e-6)
    mean = unit(encoded.tokens).mean(axis=0)
    np.testing.assert_allclose(encoded.global_vector, unit(mean), atol=1e-6)
    assert encoded.frame is not None
    assert encoded.frame.tolist() == [2, 3, 4]


@pytest.mark.parametrize("kind", VIDEO)
def test_videos_are_what_the_model_pools(folders: Path, kind: str) -> None:
    encoded = load(folders, kind).video(clip(tiny_hf.FRAMES))
    expected = hf_oracle.video_embedding(kind, at(folders, kind), clip(tiny_hf.FRAMES).images)
    np.testing.assert_allclose(unit(encoded.global_vector), unit(expected), atol=2e-6)
    assert encoded.frame is not None
    if kind == "xclip":
        assert encoded.frame.tolist() == [2, 3, 4, 5]
        np.testing.assert_allclose(encoded.tokens.mean(axis=0), encoded.global_vector, atol=1e-6)
    else:
        assert encoded.frame.tolist() == [-1]
        np.testing.assert_array_equal(encoded.tokens[0], encoded.global_vector)
    with pytest.raises(InputError, match="takes 4 together: use --frames uniform:4"):
        load(folders, kind).video(clip(3))


@pytest.mark.parametrize("family", [f for f in FAMILIES if f.patches], ids=lambda f: f.name)
def test_patches_of_families_that_have_them(folders: Path, family: Any) -> None:
    (kind, *_) = family.types
    spec = Hf(tokens="patches")
    encoded = load(folders, kind, spec).video(clip(2))
    frames = load(folders, kind).video(clip(2))
    assert encoded.level is not None
    assert encoded.frame is not None
    np.testing.assert_allclose(encoded.tokens[encoded.level == 0], frames.tokens, atol=1e-6)
    patches = encoded.tokens[encoded.level == 1].reshape(2, -1, encoded.tokens.shape[1])
    assert encoded.frame.tolist() == [2] * (1 + patches.shape[1]) + [3] * (1 + patches.shape[1])
    if family.name == "ALIGN":
        np.testing.assert_allclose(patches.mean(axis=1), frames.tokens, atol=1e-6)
    else:
        assert np.linalg.norm(patches - frames.tokens[:, None], axis=2).min() > 1e-3
    if kind == "qwen3_vl":
        rows, _ = hf_oracle.chat("", at(folders, kind), clip(2).images[0])
        first = int(np.linalg.norm(rows - patches[0, 0], axis=1).argmin())
        np.testing.assert_allclose(patches[0], rows[first : first + len(patches[0])], atol=1e-5)


@pytest.mark.parametrize("family", [f for f in FAMILIES if not f.patches], ids=lambda f: f.name)
def test_patches_are_refused_where_none_lie_in_the_space(folders: Path, family: Any) -> None:
    with pytest.raises(InputError, match="no patches in the joint space"):
        Hf(tokens="patches").load(at(folders, family.types[0]))


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_found_is_what_the_table_says(folders: Path, kind: str) -> None:
    encoder = load(folders, kind)
    (family,) = (f for f in FAMILIES if kind in f.types)
    found = str(encoder.attrs["text_pooled"])
    place = {"row of EOS": "last row"}.get(family.pooled_word, family.pooled_word)
    assert found == f"{place} of {family.words[0]}", "captions end with EOS"
    shown = str(encoder.attrs["video_pooled"])
    if family.patches:
        assert shown == f"{family.pooled_patch} of {family.patches[0]}"
    else:
        assert shown == ("mean of the rows of mit(h)" if kind == "xclip" else "none")
    assert encoder.attrs["family"] == family.name
    assert encoder.attrs["text_tokens"] == "words"
    assert encoder.attrs["video_tokens"] == ("global" if kind == "videoprism" else "frames")
    assert len(encoder.notes) == (kind == "videoprism")
    captions, frames = encoder.checks
    assert "is the pooled output, off by" in captions
    assert "pooled output" in frames


def test_a_model_of_no_family_is_tried_too(folders: Path) -> None:
    encoder = load(folders, "groupvit")
    assert encoder.attrs["family"] == OTHER.name
    assert encoder.attrs["text_pooled"] == "last row of text_projection(h)"
    assert encoder.attrs["video_pooled"] == "none"
    images = clip().images
    expected = hf_oracle.image_embeddings("groupvit", at(folders, "groupvit"), images)
    np.testing.assert_allclose(unit(encoder.video(clip()).tokens), unit(expected), atol=2e-6)


def test_where_no_row_is_pooled_only_the_global_is_written(folders: Path) -> None:
    encoder = load(folders, "blip")
    encoded = encoder.text(CAPTION)
    expected = hf_oracle.text_embedding("blip", at(folders, "blip"), CAPTION.text)
    np.testing.assert_allclose(unit(encoded.global_vector), unit(expected), atol=2e-6)
    np.testing.assert_array_equal(encoded.tokens, encoded.global_vector[None])
    assert encoded.words == (CAPTION.text,)
    assert (encoder.attrs["text_tokens"], encoder.attrs["text_pooled"]) == ("global", "none")
    (note,) = encoder.notes
    assert "only token is its global vector" in note
    assert "neither a row of text_projection(h) nor their mean" in encoder.checks[0]
    patches = load(folders, "blip", Hf(tokens="patches")).video(clip(2))
    assert patches.level is not None
    assert patches.level.tolist() == [0, *[1] * 16] * 2


def test_scale_and_bias(folders: Path) -> None:
    for kind in ("clip", "siglip", "align", "aimv2", "videoprism"):
        weights = dict(tiny_hf.model(kind).named_parameters())
        expected = {}
        if "logit_scale" in weights:
            expected["scale"] = np.exp(weights["logit_scale"].item())
        elif kind == "align":
            expected["scale"] = 1 / weights["temperature"].item()
        if kind == "siglip":
            expected["bias"] = weights["logit_bias"].item()
        attrs = load(folders, kind).attrs
        found = {name: attrs[name] for name in ("scale", "bias") if name in attrs}
        assert found == pytest.approx(expected)
        assert bool(found) == (kind != "videoprism")


def test_what_is_recorded_names_files_and_no_path(folders: Path) -> None:
    import hashlib

    encoder, folder = load(folders, "siglip"), at(folders, "siglip")
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert encoder.attrs["revision"] == encoder.weights["model.safetensors"] == digest
    assert {"config.json", "tokenizer.json", "preprocessor_config.json"} <= set(encoder.weights)
    assert str(folders) not in json.dumps([dict(encoder.attrs), dict(encoder.weights)])


def test_shards_and_torch_files_give_the_same(folders: Path, tmp_path: Path) -> None:
    expected = load(folders, "aimv2").text(CAPTION).tokens
    tiny_hf.save("aimv2", tmp_path / "shards")
    (tmp_path / "shards" / "model.safetensors").unlink()
    tiny_hf.model("aimv2").save_pretrained(tmp_path / "shards", max_shard_size="60KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    shards = Hf().load(tmp_path / "shards")
    np.testing.assert_array_equal(shards.text(CAPTION).tokens, expected)
    assert shards.attrs["revision"] != load(folders, "aimv2").attrs["revision"]
    tiny_hf.save("aimv2", tmp_path / "bin")
    (tmp_path / "bin" / "model.safetensors").unlink()
    torch.save(tiny_hf.model("aimv2").state_dict(), tmp_path / "bin" / "pytorch_model.bin")
    np.testing.assert_array_equal(Hf().load(tmp_path / "bin").text(CAPTION).tokens, expected)


@pytest.mark.parametrize("kind", ["clip", "qwen3_vl"])
def test_threads_at_once_give_the_same(folders: Path, kind: str) -> None:
    encoder = load(folders, kind)
    expected = (encoder.video(clip()).tokens, encoder.text(CAPTION).tokens)
    with ThreadPoolExecutor(4) as pool:
        both = pool.map(lambda _: (encoder.video(clip()), encoder.text(CAPTION)), range(8))
        for video, text in both:
            np.testing.assert_array_equal(video.tokens, expected[0])
            np.testing.assert_array_equal(text.tokens, expected[1])
