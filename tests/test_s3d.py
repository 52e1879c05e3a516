from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("PIL")

from PIL import Image

from vrbench.captions import Caption
from vrbench.encoders import encoders
from vrbench.encoders.s3d import DICTIONARY, WEIGHTS, S3d
from vrbench.encoders.s3d_forward import mixed_5c, step_tokens, video_embedding
from vrbench.encoders.s3d_net import s3d_net
from vrbench.encoders.s3d_towers import LoadedS3d
from vrbench.encoders.s3d_words import hidden_words, sentence, word_tokens
from vrbench.errors import InputError
from vrbench.video import Clip

SIZE = 16

# Every channel count of the released weights: (b0, b1a, b1b, b2a, b2b, b3) of each block.
RELEASED = {
    "3b": (192, 64, 96, 128, 16, 32, 32),
    "3c": (256, 128, 128, 192, 32, 96, 64),
    "4b": (480, 192, 96, 208, 16, 48, 64),
    "4c": (512, 160, 112, 224, 24, 64, 64),
    "4d": (512, 128, 128, 256, 24, 64, 64),
    "4e": (512, 112, 144, 288, 32, 64, 64),
    "4f": (528, 256, 160, 320, 32, 128, 128),
    "5b": (832, 256, 160, 320, 32, 128, 128),
    "5c": (832, 384, 192, 384, 48, 128, 128),
}

Shape = tuple[int, ...]


def conv(name: str, *kernels: Shape) -> Iterator[tuple[str, Shape]]:
    for i, kernel in enumerate(kernels, start=1):
        yield f"{name}.conv{i}.weight", kernel
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{name}.bn{i}.{part}", kernel[:1]
        yield f"{name}.bn{i}.num_batches_tracked", ()


def plain(name: str, width: int, out: int) -> Iterator[tuple[str, Shape]]:
    return conv(name, (out, width, 1, 1, 1))


def apart(name: str, width: int, out: int) -> Iterator[tuple[str, Shape]]:
    return conv(name, (out, width, 1, 3, 3), (out, out, 3, 1, 1))


def linear(name: str, width: int, out: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (out, width)
    yield f"{name}.bias", (out,)


def released() -> Iterator[tuple[str, Shape]]:
    yield from conv("conv1", (64, 24, 2, 4, 4))
    yield from plain("conv_2b", 64, 64)
    yield from apart("conv_2c", 64, 192)
    yield from linear("gating.fc", 192, 192)
    for block, (width, b0, b1a, b1b, b2a, b2b, b3) in RELEASED.items():
        name = f"mixed_{block}"
        yield from plain(f"{name}.conv_b0", width, b0)
        yield from plain(f"{name}.conv_b1_a", width, b1a)
        yield from apart(f"{name}.conv_b1_b", b1a, b1b)
        yield from plain(f"{name}.conv_b2_a", width, b2a)
        yield from apart(f"{name}.conv_b2_b", b2a, b2b)
        yield from plain(f"{name}.conv_b3_b", width, b3)
        for branch, out in enumerate((b0, b1b, b2b, b3)):
            yield from linear(f"{name}.gating_b{branch}.fc", out, out)
    yield from linear("fc", 1024, 512)
    yield "text_module.word_embd.weight", (66250, 300)
    yield from linear("text_module.fc1", 300, 2048)
    yield from linear("text_module.fc2", 2048, 512)


@pytest.fixture(scope="module", autouse=True)
def one_core() -> Iterator[None]:
    """More would only wait for each other: the layers are tiny."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def net() -> Any:
    """Random weights whose activations neither vanish nor explode."""
    torch.manual_seed(0)
    net = s3d_net().eval()
    for name, module in net.named_modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            buffers = dict(module.named_buffers())
            buffers["running_mean"].normal_(0, 0.05)
            buffers["running_var"].fill_(0.02 if name.startswith("conv1.") else 0.1)
    return net.requires_grad_(False)


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


def test_names_and_shapes_are_the_released_ones(net: Any) -> None:
    expected = dict(released())
    state = net.state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == expected
    assert len(expected) == 537
    assert sum(value.numel() for value in state.values()) == 31_232_500


def test_the_mean_of_the_tokens_is_the_embedding(net: Any) -> None:
    net = net.double()
    video = torch.rand(2, 3, 32, SIZE, 4 * SIZE, dtype=torch.float64)
    mixed = mixed_5c(net, video)
    tokens, whole = step_tokens(net, mixed), video_embedding(net, mixed)
    net.float()
    assert mixed.shape == (2, 1024, 4, 1, 2)
    assert tokens.shape == (2, 4, 512)
    assert whole.abs().max() > 1e-3
    torch.testing.assert_close(tokens.mean(1), whole, rtol=1e-12, atol=1e-12)


def test_a_step_does_not_see_steps_far_away(net: Any) -> None:
    # but for the gates: with these shut off a change at the end leaves the first step alone
    plain = s3d_net().eval().requires_grad_(False)
    gates = {k: torch.zeros_like(v) for k, v in net.state_dict().items() if "gating" in k}
    plain.load_state_dict(net.state_dict() | gates)
    video = torch.rand(1, 3, 64, SIZE, SIZE)
    changed = video.clone()
    changed[:, :, -2:] = 0
    first, second = (step_tokens(plain, mixed_5c(plain, v))[0] for v in (video, changed))
    assert len(first) == 8
    torch.testing.assert_close(first[0], second[0])
    assert not torch.allclose(first[-1], second[-1])


def test_stem_by_hand(net: Any) -> None:
    """The first convolution reads 4 x 8 x 8 pixels, at places 2, 2 and 2 apart."""
    from vrbench.encoders.s3d_forward import _run, _space_to_depth

    video = torch.rand(1, 3, 8, 16, 16)
    found = _run(net["conv1"], _space_to_depth(video))[:, :, 1:, 1:, 1:]
    assert found.shape == (1, 64, 4, 8, 8)
    kernel = net["conv1"]["conv1"].weight.reshape(64, 2, 2, 2, 3, 2, 4, 4)
    # (out, dt, dy, dx, colour, t, y, x) -> a kernel over pixels
    pixels = kernel.permute(0, 4, 5, 1, 6, 2, 7, 3).reshape(64, 3, 4, 8, 8)
    t, y, x = 1, 3, 2
    patch = video[0, :, 2 * t : 2 * t + 4, 2 * y - 2 : 2 * y + 6, 2 * x - 2 : 2 * x + 6]
    norm = net["conv1"]["bn1"]
    value = ((pixels * patch).sum((1, 2, 3, 4)) - norm.running_mean) / (
        norm.running_var + 1e-5
    ).sqrt()
    torch.testing.assert_close(found[0, :, t, y, x], value.relu(), rtol=1e-4, atol=1e-4)


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
    hidden = hidden_words(net, [1, 2, 3, 1, 3] + [0] * 11)
    rows = word_tokens(net, hidden)
    np.testing.assert_allclose(encoded.tokens, rows[:5].numpy(), rtol=1e-4, atol=1e-5)
    whole = sentence(net, hidden).numpy()
    np.testing.assert_allclose(encoded.global_vector, whole, rtol=1e-4, atol=1e-5)
    assert not np.allclose(whole, sentence(net, hidden[:5]).numpy())
    many = encoder.text(Caption("c", "v", " ".join(f"x w{i}" for i in range(30))))
    assert many.words == tuple(f"w{i}" for i in range(16))
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
        (np.array(["a", None], dtype=object), "cannot be read"),
    ],
)
def test_dictionaries_that_are_none_are_named(words: Any, message: str, tmp_path: Path) -> None:
    from vrbench.encoders.s3d_words import read_dictionary

    np.save(tmp_path / DICTIONARY, words, allow_pickle=True)
    with pytest.raises(InputError, match=message):
        read_dictionary(tmp_path / DICTIONARY)


def test_specs() -> None:
    for spec in ("s3d", "s3d:window=30,tokens=windows"):
        assert encoders.spec(encoders.parse(spec)) == spec
    for spec in ("s3d:window=31", "s3d:window=0", "s3d:size=17", "s3d:size=8"):
        with pytest.raises(InputError):
            encoders.parse(spec)
