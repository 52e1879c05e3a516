from collections.abc import Iterator
from typing import Any

import pytest
import torch

pytest.importorskip("PIL")

from tiny_s3d import SIZE, net, one_core

from vrbench.encoders.s3d.forward import mixed_5c, step_tokens, video_embedding
from vrbench.encoders.s3d.net import s3d_net

__all__ = ["net", "one_core"]

Shape = tuple[int, ...]

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
    from vrbench.encoders.s3d.forward import _run, _space_to_depth

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
