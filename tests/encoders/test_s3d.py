from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("PIL")

from PIL import Image
from tiny_s3d import SIZE, net, one_core

from vrbench.datasets.captions import Caption
from vrbench.encoders import encoders
from vrbench.encoders.s3d import DICTIONARY, WEIGHTS, S3d
from vrbench.encoders.s3d.forward import mixed_5c, step_tokens, video_embedding
from vrbench.encoders.s3d.towers import LoadedS3d
from vrbench.encoders.s3d.words import hidden_words, sentence, word_tokens
from vrbench.errors import InputError
from vrbench.video import Clip

__all__ = ["net", "one_core"]


@pytest.fixture(scope="module")
def folder(net: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("s3d")
    torch.save(net.state_dict(), folder / WEIGHTS)
    np.save(folder / DICTIONARY, np.array(["a", "dog's", "bone", *(f"w{i}" for i in range(40))]))
    return folder


@pytest.fixture(scope="module")
def encoder(folder: Path) -> LoadedS3d:
    return load(S3d(size=SIZE), folder)


def load(spec: S3d, folder: Path) -> LoadedS3d:
    loaded = spec.load(folder)
    assert isinstance(loaded, LoadedS3d)
    return loaded


def clip(frames: int) -> Clip:
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (frames, SIZE, SIZE, 3)).astype(np.uint8)
    return Clip("v", [Image.fromarray(p) for p in pixels], [3 * i for i in range(frames)])


def as_input(clip: Clip, frames: int) -> torch.Tensor:
    video = torch.zeros(1, 3, frames, SIZE, SIZE)
    for place, image in enumerate(clip.images):
        video[0, :, place] = torch.from_numpy(np.asarray(image).transpose(2, 0, 1) / 255)
    return video


@pytest.mark.slow
def test_a_window_is_the_network_on_its_frames(net: Any, encoder: LoadedS3d) -> None:
    video = clip(32)
    encoded = encoder.video(video)
    mixed = mixed_5c(net, as_input(video, 32))
    whole, steps = video_embedding(net, mixed)[0].numpy(), step_tokens(net, mixed)[0].numpy()
    np.testing.assert_allclose(encoded.global_vector, whole, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(encoded.tokens, steps, rtol=1e-4, atol=1e-5)
    assert encoded.frame is not None
    assert encoded.frame.tolist() == [12, 36, 60, 84]


def test_windows_follow_each_other_and_the_last_is_filled_with_black(
    net: Any, encoder: LoadedS3d, folder: Path
) -> None:
    video = clip(40)
    encoded = encoder.video(video)
    head = encoder.video(Clip("v", video.images[:32], video.numbers[:32]))
    tail = Clip("v", video.images[32:], video.numbers[32:])
    np.testing.assert_array_equal(encoded.tokens[:4], head.tokens)
    np.testing.assert_array_equal(encoded.tokens[4:], encoder.video(tail).tokens)
    black = video_embedding(net, mixed_5c(net, as_input(tail, 32)))[0].numpy()
    np.testing.assert_allclose(encoder.video(tail).global_vector, black, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(encoded.global_vector, encoded.tokens.mean(axis=0), atol=1e-5)
    windows = load(S3d(size=SIZE, tokens="windows"), folder).video(video)
    expected = encoded.tokens.reshape(2, 4, -1).mean(axis=1)
    np.testing.assert_allclose(windows.tokens, expected, rtol=1e-4, atol=1e-5)
    assert encoded.frame is not None
    assert windows.frame is not None
    assert encoded.frame.tolist() == [12, 36, 60, 84, 108, 117, 117, 117]
    assert windows.frame.tolist() == [48, 117]


def test_a_second_of_30_frames_is_a_token(folder: Path) -> None:
    video = clip(60)
    encoded = load(S3d(size=SIZE, window=30, tokens="windows"), folder).video(video)
    assert encoded.tokens.shape == (2, 512)
    assert encoded.frame is not None
    assert encoded.frame.tolist() == [45, 135]


def test_text_by_hand() -> None:
    """Two words of one number, a hidden layer of two: the padding takes part in the maximum."""
    from torch import nn

    text = nn.ModuleDict(
        {"word_embd": nn.Embedding(3, 1), "fc1": nn.Linear(1, 2), "fc2": nn.Linear(2, 1)}
    )
    net = nn.ModuleDict({"text_module": text}).requires_grad_(False)
    values = {
        "word_embd.weight": [[0.5], [1.0], [2.0]],
        "fc1.weight": [[1.0], [-1.0]],
        "fc1.bias": [0.0, 1.0],
        "fc2.weight": [[10.0, 100.0]],
        "fc2.bias": [1.0],
    }
    text.load_state_dict({name: torch.tensor(value) for name, value in values.items()})
    hidden = hidden_words(net, [1, 2, 0])
    assert hidden.tolist() == [[1.0, 0.0], [2.0, 0.0], [0.5, 0.5]]
    assert word_tokens(net, hidden[:2]).tolist() == [[11.0], [21.0]]
    assert sentence(net, hidden).tolist() == [10 * 2.0 + 100 * 0.5 + 1]


def test_captions(net: Any, encoder: LoadedS3d) -> None:
    encoded = encoder.text(Caption("c", "v", "A cat gnaws the DOG'S bone, a Bone"))
    assert encoded.words == ("a", "dog's", "bone", "a", "bone")
    assert encoded.cut == 0
    hidden = hidden_words(net, [1, 2, 3, 1, 3] + [0] * 11)
    rows = word_tokens(net, hidden)
    np.testing.assert_allclose(encoded.tokens, rows[:5].numpy(), rtol=1e-4, atol=1e-5)
    whole = sentence(net, hidden).numpy()
    np.testing.assert_allclose(encoded.global_vector, whole, rtol=1e-4, atol=1e-5)
    assert not np.allclose(whole, sentence(net, hidden[:5]).numpy())
    many = encoder.text(Caption("c", "v", " ".join(f"x w{i}" for i in range(30))))
    assert many.words == tuple(f"w{i}" for i in range(16))
    assert many.cut == 14
    nothing = encoder.text(Caption("c", "v", "unheard of"))
    assert (nothing.words, nothing.tokens.shape) == ((), (0, 512))


def test_weights_are_recorded(encoder: LoadedS3d) -> None:
    assert set(encoder.weights) == {WEIGHTS, DICTIONARY}
    assert (encoder.video_dim, encoder.text_dim) == (512, 512)


def test_files_that_are_missing_or_do_not_fit_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"needs --weights: a folder that holds s3d_howto"):
        S3d().load(None)
    with pytest.raises(InputError, match=r"holds no s3d_howto100m\.pth: put"):
        S3d().load(tmp_path)
    torch.save({"conv1.conv1.weight": torch.ones(1)}, tmp_path / WEIGHTS)
    with pytest.raises(InputError, match=r"holds no s3d_dict\.npy: put"):
        S3d().load(tmp_path / WEIGHTS)
    (tmp_path / DICTIONARY).write_bytes((folder / DICTIONARY).read_bytes())
    with pytest.raises(InputError, match=r"537 of 537 entries, .* is \(1,\), expected \(64, 24"):
        S3d().load(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"not weights")
    with pytest.raises(InputError, match="cannot be read as weights"):
        S3d().load(tmp_path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (np.arange(3), "no list of words"),
        (np.array([["a"]]), "no list of words"),
        (np.array(["a"] * 66250), "holds 66250 words, expected at most 66249"),
        (np.array(["a", None], dtype=object), "holds Python objects"),
    ],
)
def test_dictionaries_that_are_none_are_named(words: Any, message: str, tmp_path: Path) -> None:
    from vrbench.encoders.s3d.words import read_dictionary

    np.save(tmp_path / DICTIONARY, words, allow_pickle=True)
    with pytest.raises(InputError, match=message):
        read_dictionary(tmp_path / DICTIONARY)


def test_specs() -> None:
    for spec in ("s3d", "s3d:window=30,tokens=windows"):
        assert encoders.spec(encoders.parse(spec)) == spec
    for spec in ("s3d:window=31", "s3d:window=0", "s3d:size=17", "s3d:size=8"):
        with pytest.raises(InputError):
            encoders.parse(spec)
