from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scored_items import REGISTERED, SPECS, assert_close, assert_same_bits, crowd, items, score
from small_features import tokens_of

import vrbench
from vrbench.alignments import parse_method
from vrbench.alignments.engine import driver, fused, product
from vrbench.sims.sim import Sim

pytestmark = pytest.mark.usefixtures("all_threads")


QUICK = {"transport": "transport:iterations=7"}
"""Each iteration does the same: bits that differ do so after the first."""
BITWISE = (
    *(QUICK.get(name, name) for name in REGISTERED),
    *("scan-original:agg=lse", "global+scan"),
    *("lse:alpha=0.3,length_norm=true", "lse:length_norm=true"),
)
SINGLE = [
    *((spec, "single") for spec in BITWISE),
    *((spec, "uncompiled") for spec in BITWISE if fused.compiles(parse_method(spec))),
]
"""In float32 with numba, and again without where it compiles a reduction."""
EVERY = [*SINGLE, *((spec, "double") for spec in BITWISE)]
"""In float64, too, for which nothing is compiled."""


@pytest.fixture
def precision(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param != "uncompiled":
        return request.param
    for module in (product, fused):
        monkeypatch.setattr(module, "vectorized", lambda: False)
    return "single"


KEPT: dict[tuple[str, str], Sim] = {}


@pytest.fixture
def whole(request: pytest.FixtureRequest, spec: str, precision: Any) -> Sim:
    """All of ``crowd``, scored once by one worker; nobody changes it."""
    key = spec, request.node.callspec.params["precision"]
    if key not in KEPT:
        KEPT[key] = score(*crowd(), spec, precision=precision, workers=1)
    return KEPT[key]


over_single = pytest.mark.parametrize(("spec", "precision"), SINGLE, indirect=["precision"])
over_every = pytest.mark.parametrize(("spec", "precision"), EVERY, indirect=["precision"])


@over_every
def test_order_permutes_bit_for_bit(spec: str, precision: Any, whole: Sim) -> None:
    text, video = crowd()
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(len(text)), rng.permutation(len(video))
    shuffled = score(text.take(rows), video.take(columns), spec, precision=precision)
    grid = np.ix_(rows, columns)
    assert_same_bits(shuffled, Sim(whole.t2v[grid], whole.v2t[grid]))


BYTES_PER_TOKEN = 16 * 8 * 3
"""What the driver reckons with for a token of 16 numbers."""


@over_every
def test_blocks_panels_and_workers_change_no_bit(
    spec: str, precision: Any, whole: Sim, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, video = crowd()
    size = 70 * BYTES_PER_TOKEN
    assert_same_bits(score(text, video, spec, precision=precision, block_bytes=size), whole)
    monkeypatch.setattr(driver, "PANEL_WORDS", 60)
    monkeypatch.setattr(driver, "PANEL_FRAMES", 90)
    monkeypatch.setattr(driver, "TILE", 100)
    assert_same_bits(score(text, video, spec, precision=precision, workers=3), whole)


@over_single
def test_an_item_alone_has_the_bits_that_it_has_among_others(
    spec: str, precision: Any, whole: Sim
) -> None:
    text, video = crowd()
    few = score(text.block(20, 26), video.block(10, 15), spec, precision=precision, block_bytes=1)
    assert_same_bits(few, Sim(whole.t2v[20:26, 10:15], whole.v2t[20:26, 10:15]))


@over_single
def test_wide_tokens_change_no_bit_either(spec: str, precision: Any) -> None:
    text, video = crowd(300)
    rows = np.random.default_rng(2).permutation(len(text))[:31]
    whole = score(text, video, spec, precision=precision)
    part = score(text.take(rows), video.block(9, 42), spec, precision=precision)
    assert_same_bits(part, Sim(whole.t2v[rows, 9:42], whole.v2t[rows, 9:42]))


@pytest.mark.parametrize("spec", SPECS)
def test_longer_neighbours_pad_nothing(spec: str) -> None:
    texts, videos = items()
    long = np.random.default_rng(5).standard_normal((2, 61, 16))
    alone = vrbench.score(texts, videos, spec)
    among = vrbench.score([long[0], *texts], [*videos, long[1]], spec)
    assert_same_bits(alone, Sim(among.t2v[1:, :-1], among.v2t[1:, :-1]))


@over_every
def test_equal_items_score_equally_to_the_last_bit(spec: str, precision: Any) -> None:
    text, video = crowd()
    rng = np.random.default_rng(6)
    rows = np.concatenate([np.arange(len(text)), rng.integers(0, len(text), 40)])
    columns = np.concatenate([np.arange(len(video)), rng.integers(0, len(video), 50)])
    sim = score(text.take(rows), video.take(columns), spec, precision=precision)
    _, first_row = np.unique(rows, return_index=True)
    _, first_column = np.unique(columns, return_index=True)
    grid = np.ix_(first_row[rows], first_column[columns])
    assert_same_bits(sim, Sim(sim.t2v[grid], sim.v2t[grid]))


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("spec", SPECS)
def test_inputs_are_not_changed(spec: str, normalized: bool) -> None:
    # float32 and contiguous: what torch would otherwise work on in place
    texts, videos = ([x.astype(np.float32) for x in side] for side in items())
    vectors = np.random.default_rng(9).standard_normal((len(texts), 16)).astype(np.float32)
    text = tokens_of(texts, "text", vectors=vectors, normalized=normalized)
    video = tokens_of(videos, normalized=normalized)
    before = [a.copy() for a in (text.tokens, text.global_vectors, text.offsets, video.tokens)]
    score(text, video, spec)
    after = (text.tokens, text.global_vectors, text.offsets, video.tokens)
    for was, now in zip(before, after, strict=True):
        np.testing.assert_array_equal(now, was)


def test_lists_and_tensors_are_read_and_not_changed() -> None:
    texts, videos = items()
    tensors = [torch.tensor(x, requires_grad=True) for x in texts]
    sim = vrbench.score(tensors, videos, "scan", precision="double")
    assert_same_bits(sim, vrbench.score(texts, videos, "scan", precision="double"))
    for tensor, array in zip(tensors, texts, strict=True):
        np.testing.assert_array_equal(tensor.detach().numpy(), array)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32])
def test_tensors_of_every_type_are_read(kind: torch.dtype) -> None:
    texts, videos = ([torch.tensor(x).to(kind) for x in side] for side in items())
    wide = [[x.double().numpy() for x in side] for side in (texts, videos)]
    expected = vrbench.score(wide[0], wide[1], "scan", precision="double")
    sim = vrbench.score(texts, videos, "scan", precision="double")
    assert_close(sim, (expected.t2v, expected.v2t), 1e-12)
