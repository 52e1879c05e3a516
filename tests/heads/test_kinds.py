"""What the heads do to tokens, against torch's own modules and plain numpy."""

import numpy as np
import pytest
import torch
from heads import Array, items, linear, temporal

from vrbench.alignments.engine.batch import Packed
from vrbench.errors import InputError
from vrbench.features.tokens import as_tokens
from vrbench.heads import heads, parse_head
from vrbench.heads.applied import apply_side
from vrbench.heads.head import Head
from vrbench.heads.kinds.linear import Linear


def test_linear_is_x_w_plus_b_of_tokens_and_vectors() -> None:
    rng = np.random.default_rng(0)
    arrays = linear(rng, 7, text=5, video=6)
    tokens, vectors = rng.standard_normal((4, 5)), rng.standard_normal((2, 5))
    packed = Packed(torch.tensor(tokens), [1, 3], torch.tensor(vectors))
    weights = {k.removeprefix("linear."): torch.tensor(v) for k, v in arrays.items()}
    found = Linear().apply(weights, "text", packed)
    for value, given in ((found.tokens, tokens), (found.globals_, vectors)):
        expected = given @ arrays["linear.text.weight"].T + arrays["linear.text.bias"]
        assert value is not None
        np.testing.assert_allclose(value.numpy(), expected, atol=1e-12)


def clip4clip(x: torch.Tensor, arrays: dict[str, Array], layers: int, heads: int) -> torch.Tensor:
    """(l, d) -> (l, d): seqTransf for one video, of torch's own attention and layer norm."""
    w = {k.removeprefix("temporal."): torch.tensor(v) for k, v in arrays.items()}
    width = x.shape[1]
    y = x + w["frame_position_embeddings.weight"][: len(x)]
    for i in range(layers):
        mine = {
            k.removeprefix(f"transformerClip.resblocks.{i}."): v
            for k, v in w.items()
            if f"resblocks.{i}." in k
        }
        attention = torch.nn.MultiheadAttention(width, heads, dtype=torch.float64)
        attention.load_state_dict(
            {k.removeprefix("attn."): v for k, v in mine.items() if k.startswith("attn.")}
        )
        norm = torch.nn.functional.layer_norm
        z = norm(y, (width,), mine["ln_1.weight"], mine["ln_1.bias"], 1e-12)[:, None]
        y = y + attention(z, z, z, need_weights=False)[0][:, 0]
        z = norm(y, (width,), mine["ln_2.weight"], mine["ln_2.bias"], 1e-12)
        h = z @ mine["mlp.c_fc.weight"].mT + mine["mlp.c_fc.bias"]
        h = h * torch.sigmoid(1.702 * h)
        y = y + h @ mine["mlp.c_proj.weight"].mT + mine["mlp.c_proj.bias"]
    return x + y


@pytest.mark.parametrize("count", [2, 4])
def test_temporal_is_clip4clips_transformer_of_each_video_alone(count: int) -> None:
    rng = np.random.default_rng(0)
    arrays = {k: v / 3 for k, v in temporal(rng, 8, layers=2, positions=9).items()}
    videos = items(rng, (3, 1, 9, 3, 5), 8)
    head = Head(parse_head(f"temporal:layers=2,heads={count}"), arrays)
    mapped = apply_side(head, "video", as_tokens(videos, "video"), "double")
    expected = [clip4clip(torch.tensor(v), arrays, 2, count).detach().numpy() for v in videos]
    np.testing.assert_allclose(mapped.tokens, np.concatenate(expected), atol=1e-10)
    np.testing.assert_array_equal(mapped.lengths, [3, 1, 9, 3, 5])


def test_temporal_leaves_texts_and_drops_stored_vectors_of_videos() -> None:
    rng = np.random.default_rng(0)
    head = Head(parse_head("temporal:layers=2,heads=2"), temporal(rng, 8))
    packed = Packed(torch.zeros(3, 8), [1, 2], torch.ones(2, 8))
    weights = {
        k.removeprefix("temporal."): torch.tensor(v).float() for k, v in head.weights.items()
    }
    part = head.spec.parts["temporal"]
    assert part.apply(weights, "text", packed) is packed
    assert part.apply(weights, "video", packed).globals_ is None


def test_a_video_beyond_the_positions_is_refused() -> None:
    rng = np.random.default_rng(0)
    head = Head(parse_head("temporal:layers=2,heads=2"), temporal(rng, 8, positions=4))
    with pytest.raises(InputError, match="5 frames, and the head temporal has positions of 4"):
        apply_side(head, "video", as_tokens(items(rng, (2, 5), 8), "video"))


def test_a_head_of_another_width_is_refused() -> None:
    rng = np.random.default_rng(0)
    head = Head.of_arrays(linear(rng, 7, text=5, video=6))
    with pytest.raises(InputError, match="expects text tokens of width 5, these have 6"):
        apply_side(head, "text", as_tokens(items(rng, (2,), 6), "text"))


@pytest.mark.parametrize(
    "spec",
    [
        "linear",
        "linear:width=64",
        "linear+learnable",
        "temporal:layers=2,heads=4+wti",
        "projection+linear+learnable:frames=8",
        "linear+ucofia:levels=video+frame,k=2",
        "ucofia:levels=frame+xclip",
        "projection:width=128+linear",
    ],
)
def test_specs_round_trip(spec: str) -> None:
    assert parse_head(spec).spec == spec


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("linaer", "Did you mean 'linear'"),
        ("linear+", "A term is missing after"),
        ("linear+linear:width=4", "stands twice"),
        ("linear:width=-1", "width must be 0 or more"),
        ("projection:width=-1", "width must be 0 or more"),
        ("temporal:layers=0", "at least 1"),
        ("learnable:frames=0", "at least 1"),
        ("wti:heads=3", "Unknown parameter 'heads'"),
        ("ucofia:levels=frames", "Unknown level 'frames'"),
        ("ucofia:levels=video+video", "stands twice"),
        ("ucofia:k=0", "k must be at least 1"),
    ],
)
def test_wrong_specs_are_refused(spec: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_head(spec)


def test_every_head_says_where_it_comes_from() -> None:
    known = {"learnable", "linear", "projection", "temporal", "ucofia", "wti", "xclip"}
    assert known <= heads.classes().keys()
    for cls in heads.classes().values():
        assert cls.source
        assert cls.__doc__
