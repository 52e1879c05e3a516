import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_onnx import SIDE, write_models

from vrbench.datasets.captions import Caption
from vrbench.encoders import LoadedEncoder, encoders
from vrbench.encoders.onnx import Onnx
from vrbench.errors import InputError
from vrbench.video import Clip, open_videos, parse_sampling


def clip(video: str, frames: int = 3) -> Clip:
    return Clip(video, [None] * frames, range(frames))


def toy(spec: str = "toy") -> LoadedEncoder:
    return encoders.parse(spec).load(None)


@pytest.mark.parametrize(
    "spec", ["toy", "toy:dim=8,seed=3", "onnx", "onnx:max_words=32,text_batch=8"]
)
def test_specs_round_trip(spec: str) -> None:
    assert encoders.spec(encoders.parse(spec)) == spec


@pytest.mark.parametrize(
    "spec",
    [
        "toy:dim=0",
        "toy:dim=99999999999",
        "toy:noise=1e308",
        "toy:noise=-1",
        "onnx:size=0",
        "onnx:text_batch=0",
        "onnx:mean=1/2",
        "onnx:std=1/0/1",
        "onnx:tokenizer=/a/b",
    ],
)
def test_parameters_out_of_range_are_refused(spec: str) -> None:
    with pytest.raises(InputError):
        encoders.parse(spec)


def test_toy_is_the_same_in_every_process() -> None:
    code = (
        "from vrbench.encoders import encoders; from vrbench.video import Clip;"
        "print(encoders.parse('toy').load(None).video(Clip('v', [None], [0])).tokens.tolist())"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    printed = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert json.loads(printed.stdout) == toy().video(clip("v", 1)).tokens.tolist()


def test_toy_plants_a_match() -> None:
    encoder = toy("toy:dim=64,noise=0.5")
    names = [f"v{i}" for i in range(30)]
    video = np.stack([encoder.video(clip(name)).global_vector for name in names])
    text = [encoder.text(Caption(f"{name}#0", name, "two words")) for name in names]
    sim = np.stack([item.global_vector for item in text]) @ video.T
    assert (sim.argmax(axis=1) == np.arange(30)).all()
    assert text[0].words == ("two", "words")
    assert text[0].tokens.shape == (2, 64)


def test_toy_seeds_differ_and_weights_are_refused() -> None:
    assert not np.allclose(toy().video(clip("v")).tokens, toy("toy:seed=1").video(clip("v")).tokens)
    with pytest.raises(InputError, match="no weights"):
        encoders.parse("toy").load(Path("w"))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_models(tmp_path)


SPEC = Onnx(size=SIDE, mean="0/0/0", std="1/1/1", max_words=3)


def test_onnx_frames(weights: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3)).astype(np.uint8)
    encoder = SPEC.load(weights)
    frames = [image.fromarray(frame) for frame in pixels]
    encoded = encoder.video(Clip("v", frames, [0, 1]))
    rows = pixels.reshape(2, -1, 3) / 255
    expected = np.concatenate([rows[:, 0], rows[:, 1:].mean(axis=1)], axis=1)
    np.testing.assert_allclose(encoded.tokens, expected, atol=1e-6)
    np.testing.assert_allclose(encoded.global_vector, expected.mean(axis=0), atol=1e-6)
    alone = encoder.video(Clip("v", frames[1:], [1]))
    np.testing.assert_array_equal(alone.tokens[0], encoded.tokens[1])
    assert encoder.video_dim == 6
    assert set(encoder.weights) == {"vision.onnx", "text.onnx", "tokenizer.json"}


def test_onnx_patches(weights: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    write_models(weights, corner=True)
    pixels = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3)).astype(np.uint8)
    frames = Clip("v", [image.fromarray(frame) for frame in pixels], [3, 7])
    whole = SPEC.load(weights).video(frames)
    for side in (1, 2, SIDE):
        encoded = replace(SPEC, patches=side).load(weights).video(frames)
        np.testing.assert_array_equal(encoded.global_vector, whole.global_vector)
        tokens = encoded.tokens.reshape(2, 1 + side**2, 6)
        np.testing.assert_array_equal(tokens[:, 0], whole.tokens)
        np.testing.assert_allclose(tokens[:, 1:].mean(axis=1), whole.tokens, atol=1e-6)
        step = SIDE // side
        for j in range(side**2):
            top, left = j // side * step, j % side * step
            square = pixels[:, top : top + step, left : left + step] / 255
            np.testing.assert_allclose(tokens[:, 1 + j, 3:], square.mean(axis=(1, 2)), atol=1e-6)
        assert encoded.frame is not None
        np.testing.assert_array_equal(encoded.frame, np.repeat([3, 7], 1 + side**2))
        np.testing.assert_array_equal(encoded.level, [0, *[1] * side**2] * 2)
    with pytest.raises(InputError, match=r"16 patches, .* grid of 3 x 3 equal squares"):
        replace(SPEC, patches=3).load(weights)
    with pytest.raises(InputError, match="patches must be 0 or more, it is -1"):
        Onnx(patches=-1)


def test_onnx_words(weights: Path) -> None:
    encoder = SPEC.load(weights)
    encoded = encoder.text(Caption("v#0", "v", "a cat sits sits sits"))
    assert encoded.words == ("a", "cat", "sits")
    cls = [[0, 1]] * 3
    np.testing.assert_array_equal(encoded.tokens, np.hstack([cls, [[6, 7], [8, 9], [10, 11]]]))
    assert encoder.text(Caption("v#0", "v", " ")).words == ()
    assert encoder.text_dim == 4


@pytest.mark.parametrize("kind", ["", "masked"])
def test_onnx_runs_captions_together(weights: Path, kind: str) -> None:
    write_models(weights, kind)
    said = ["a cat", "a cat sits", " ", "cat"]
    captions = [Caption(f"v#{i}", "v", text) for i, text in enumerate(said)]
    alone, together = SPEC.load(weights), replace(SPEC, text_batch=4).load(weights)
    assert (alone.text_batch, together.text_batch) == (1, 4)
    for caption, encoded in zip(captions, together.texts(captions), strict=True):
        expected = alone.text(caption)
        assert encoded.words == expected.words
        np.testing.assert_allclose(encoded.tokens, expected.tokens, rtol=1e-6)
        np.testing.assert_allclose(encoded.global_vector, expected.global_vector, rtol=1e-6)


@pytest.mark.parametrize("kind", ["unmasked", "mixed"])
def test_onnx_models_that_mix_captions_are_refused(weights: Path, kind: str) -> None:
    write_models(weights, kind)
    SPEC.load(weights)
    with pytest.raises(InputError, match=r"text\.onnx gives other tokens .* leave text_batch at 1"):
        replace(SPEC, text_batch=2).load(weights)


def test_onnx_resizes_and_crops_the_centre() -> None:
    image = pytest.importorskip("PIL.Image")
    wide = image.new("RGB", (40, 10), (0, 0, 0))
    wide.paste((255, 255, 255), (15, 0, 25, 10))
    for picture in (wide, wide.rotate(90, expand=True), wide.resize((80, 20))):
        pixels = Onnx(size=10, mean="0.5/0.5/0.5", std="0.5/0.5/0.5").preprocess(picture)
        assert pixels.shape == (1, 3, 10, 10)
        assert pixels.dtype == np.float32
        assert pixels[:, :, 3:7, 3:7].min() > 0.99
    assert Onnx(size=224).preprocess(image.new("RGB", (299, 224))).shape == (1, 3, 224, 224)
    assert Onnx(size=224).preprocess(image.new("RGB", (3, 500))).shape == (1, 3, 224, 224)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Onnx(size=SIDE, image_output="tokens2"), "no output 'tokens2': it has tokens"),
        (Onnx(size=SIDE + 1), "does not fit this encoder"),
        (Onnx(size=SIDE, image_model="image.onnx"), "holds no image.onnx"),
        (Onnx(size=SIDE, text_model="tokenizer.json"), "not a model"),
        (Onnx(size=SIDE, tokenizer="text.onnx"), "not a tokenizer"),
    ],
)
def test_onnx_names_weights_that_do_not_fit(weights: Path, spec: Onnx, message: str) -> None:
    with pytest.raises(InputError, match=message):
        spec.load(weights)


def test_onnx_needs_weights() -> None:
    with pytest.raises(InputError, match="needs --weights"):
        Onnx().load(None)


def test_real_models_give_the_same_tokens_in_any_order(shared_data: Path) -> None:
    if "VRBENCH_MODELS" not in os.environ:
        pytest.skip("VRBENCH_MODELS names no folder of models")
    encoder = Onnx().load(Path(os.environ["VRBENCH_MODELS"]))
    folder = shared_data / "msrvtt_frames" / "test1ka"
    frames = open_videos(folder, parse_sampling("uniform:2")).read("video7020").images
    forward, backward = (encoder.video(Clip("v", f, [0, 1])) for f in (frames, frames[::-1]))
    np.testing.assert_array_equal(forward.tokens, backward.tokens[::-1])
    captions = [Caption("v#0", "v", text) for text in ("a cat", "a man is playing the guitar")]
    first = [encoder.text(caption).tokens for caption in captions]
    second = [encoder.text(caption).tokens for caption in captions[::-1]][::-1]
    assert first[0].shape == (2, 768)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_real_int8_model_is_refused_in_batches() -> None:
    if "VRBENCH_MODELS" not in os.environ:
        pytest.skip("VRBENCH_MODELS names no folder of models")
    with pytest.raises(InputError, match=r"text\.onnx gives other tokens"):
        Onnx(text_batch=8).load(Path(os.environ["VRBENCH_MODELS"]))
