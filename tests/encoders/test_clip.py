import html
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("PIL")

import tiny_clip
import torch
from loaded_clip import ALL_WORDS, CAPTION, clip, folder, load, model
from toy_videos import write_captions, write_videos

from vrbench.datasets.captions import Caption
from vrbench.encoders import encoders
from vrbench.encoders.clip import ClipEncoder
from vrbench.encoders.clip.pixels import ClipPixels
from vrbench.errors import InputError
from vrbench.extraction.extract import Inputs, extract
from vrbench.features import open_features
from vrbench.video import Clip

__all__ = ["clip", "folder", "model"]


def pixels(clip: Clip) -> torch.Tensor:
    return torch.from_numpy(np.stack([ClipPixels(tiny_clip.SIZE)(image) for image in clip.images]))


def ids(caption: Caption) -> torch.Tensor:
    found = tiny_clip.tokenizer()(html.unescape(caption.text), return_tensors="pt")
    assert isinstance(found["input_ids"], torch.Tensor)
    return found["input_ids"]


@pytest.mark.slow
def test_every_format_gives_the_same_tokens(
    model: Any, folder: Path, clip: Clip, tmp_path: Path
) -> None:
    expected = load(folder, ALL_WORDS)
    video, text = expected.video(clip), expected.text(CAPTION)
    assert set(expected.weights) == {"config.json", "model.safetensors", "tokenizer.json"}
    for name, save in tiny_clip.FORMATS.items():
        (tmp_path / name).mkdir()
        encoder = load(save(model, tmp_path / name), ALL_WORDS)
        np.testing.assert_array_equal(encoder.video(clip).tokens, video.tokens, name)
        np.testing.assert_array_equal(encoder.text(CAPTION).tokens, text.tokens, name)
        assert encoder.text(CAPTION).words == text.words
        assert dict(encoder.attrs) == {"scale": math.exp(4.5), "activation": "quick_gelu"}
        assert bool(encoder.notes) == (name == "clip4clip")
    assert video.tokens.shape == (3 * (1 + tiny_clip.PATCHES), tiny_clip.DIM)
    assert (expected.video_dim, expected.text_dim) == (tiny_clip.DIM, tiny_clip.DIM)


def test_what_is_not_clip_is_named(model: Any, tmp_path: Path) -> None:
    (note,) = load(tiny_clip.save_clip4clip(model, tmp_path)).notes
    assert "3 entries" in note
    assert "frame_position_embeddings (1), transformerClip (2)" in note


def test_cls_and_eot_are_the_embeddings_of_the_model(model: Any, folder: Path, clip: Clip) -> None:
    encoder = load(folder, ALL_WORDS)
    with torch.inference_mode():
        image = model.get_image_features(pixel_values=pixels(clip)).pooler_output.numpy()
        text = model.get_text_features(input_ids=ids(CAPTION)).pooler_output.numpy()
    tokens = encoder.video(clip).tokens.reshape(3, -1, tiny_clip.DIM)
    np.testing.assert_allclose(tokens[:, 0], image, rtol=1e-5, atol=1e-6)
    encoded = encoder.text(CAPTION)
    np.testing.assert_allclose(encoded.tokens[-1], text[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(encoded.global_vector, encoded.tokens[-1])


def test_padding_changes_no_word(model: Any, folder: Path) -> None:
    encoded = load(folder, ALL_WORDS).text(CAPTION)
    whole = torch.full((1, tiny_clip.PLACES), len(tiny_clip.WORDS) - 1)
    whole[0, : len(encoded.words)] = ids(CAPTION)[0]
    with torch.inference_mode():
        hidden = model.text_model(input_ids=whole).last_hidden_state
        rows = model.text_projection(hidden)[0, : len(encoded.words)].numpy()
    np.testing.assert_allclose(encoded.tokens, rows, rtol=1e-4, atol=1e-6)


def test_patches_are_projected_like_cls(model: Any, folder: Path, clip: Clip) -> None:
    with torch.inference_mode():
        hidden = model.vision_model(pixel_values=pixels(clip)).last_hidden_state
        rows = model.visual_projection(model.vision_model.post_layernorm(hidden)).numpy()
    encoders_of = {t: load(folder, ClipEncoder(tokens=t)) for t in KINDS}
    found = {kind: encoder.video(clip) for kind, encoder in encoders_of.items()}
    np.testing.assert_allclose(found["cls"].tokens, rows[:, 0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        found["patches"].tokens, rows.reshape(-1, tiny_clip.DIM), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        found["frame-patches-mean"].tokens, rows.mean(axis=0), rtol=1e-4, atol=1e-6
    )
    directions = rows[:, 0] / np.linalg.norm(rows[:, 0], axis=1, keepdims=True)
    mean = directions.mean(axis=0)
    for encoded in found.values():
        expected = mean / np.linalg.norm(mean)
        np.testing.assert_allclose(encoded.global_vector, expected, rtol=1e-4, atol=1e-6)


KINDS: tuple[Any, ...] = ("cls", "patches", "frame-patches-mean")


def test_tokens_say_their_frame_and_level(folder: Path, clip: Clip) -> None:
    each = 1 + tiny_clip.PATCHES
    cls, patches, mean = (load(folder, ClipEncoder(tokens=t)).video(clip) for t in KINDS)
    assert [item.level is None for item in (cls, patches, mean)] == [True, False, True]
    np.testing.assert_array_equal(patches.level, ([0] + [1] * (each - 1)) * 3)
    np.testing.assert_array_equal(patches.frame, np.repeat([2, 5, 8], each))
    np.testing.assert_array_equal(cls.frame, [2, 5, 8])
    np.testing.assert_array_equal(mean.frame, [-1] * each)


def test_threads_at_once_give_the_same(folder: Path, clip: Clip) -> None:
    encoder, before = load(folder, ALL_WORDS), torch.get_num_threads()
    expected = encoder.video(clip).tokens
    with ThreadPoolExecutor(4) as pool:
        for encoded in pool.map(encoder.video, [clip] * 12):
            np.testing.assert_array_equal(encoded.tokens, expected)
    assert torch.get_num_threads() == before


def test_a_frame_does_not_depend_on_the_others(folder: Path, clip: Clip) -> None:
    encoder = load(folder)
    many = Clip("v", list(clip.images) * 15, range(45))
    tokens = encoder.video(many).tokens
    np.testing.assert_allclose(tokens[42:], encoder.video(clip).tokens, rtol=1e-4, atol=1e-6)


def test_specs() -> None:
    for spec in ("clip", "clip:tokens=frame-patches-mean,sot=true,eot=false,max_words=64"):
        assert encoders.spec(encoders.parse(spec)) == spec
    for spec in ("clip:max_words=2", "clip:tokens=all", "clip:crop=centre"):
        with pytest.raises(InputError):
            encoders.parse(spec)


def test_extraction_keeps_levels_frames_and_scale(model: Any, tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos", ["a", "b"], frames=2)
    captions = write_captions(tmp_path / "c.csv", [("a", "a cat"), ("b", "it sits"), ("b", "!")])
    (tmp_path / "weights").mkdir()
    done = extract(
        Inputs(videos, captions),
        tmp_path / "f.h5",
        encoder="clip:tokens=patches",
        weights=tiny_clip.save_clip4clip(model, tmp_path / "weights"),
    )
    assert len(done.notes) == 1
    each = 1 + tiny_clip.PATCHES
    with open_features(done.path) as features:
        assert features.attrs["scale"] == math.exp(4.5)
        assert features.attrs["activation"] == "quick_gelu"
        video = features.video
        assert video is not None
        assert video.lengths.tolist() == [2 * each] * 2
        assert video.token_columns["frame"][: 2 * each].tolist() == [0] * each + [1] * each
        assert video.at_level(0).lengths.tolist() == [2, 2]
        assert video.at_level(1).lengths.tolist() == [2 * tiny_clip.PATCHES] * 2
