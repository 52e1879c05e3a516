from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from oracles import l2
from scored_items import SPECS, assert_close, assert_same_bits, cosines, crowd, items, near, score

import vrbench
from vrbench.alignments import alignments, parse_method
from vrbench.alignments.base import TokenAlignment, VectorAlignment
from vrbench.sims.sim import Sim

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.engine.items import Items
    from vrbench.alignments.engine.tiles import Tile


@pytest.mark.parametrize("spec", ["global", "scan", "emd", "global+scan"])
def test_only_the_direction_that_is_kept_is_made(spec: str) -> None:
    text, video = crowd()
    both = score(text, video, spec)
    t2v, v2t = score(text, video, spec, keep="t2v"), score(text, video, spec, keep="v2t")
    assert t2v.v2t is None
    assert v2t.t2v is None
    assert_same_bits(Sim(t2v.t2v, v2t.v2t), both)


@pytest.mark.parametrize("spec", ["global", "scan", "global+0.5*scan"])
def test_progress_counts_every_pair_once(spec: str) -> None:
    text, video = crowd()
    seen: list[tuple[int, int]] = []
    score(text, video, spec, block_bytes=20_000, progress=lambda *args: seen.append(args))
    pairs = len(text) * len(video) * len(parse_method(spec).parts)
    done = [count for count, _ in seen]
    assert {total for _, total in seen} == {pairs}
    assert done == sorted(set(done))
    assert done[-1] == pairs


@pytest.fixture
def put_back() -> Iterator[None]:
    """Forget what a test registers."""
    alignments.classes()
    before = dict(alignments._classes)
    yield
    alignments._classes.clear()
    alignments._classes.update(before)


@pytest.mark.usefixtures("put_back")
def test_a_few_lines_make_an_alignment() -> None:
    @alignments.register("first-frame")
    @dataclass(frozen=True)
    class FirstFrame(TokenAlignment):
        scale: float = 1.0

        def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
            return self.scale * tile.c[:, :, 0].amax(1), self.scale * tile.c[:, 0].amax(1)

    texts, videos = ([l2(x) for x in side] for side in items())
    sim = vrbench.score(texts, videos, "0.5*first-frame:scale=4", precision="double")
    near(sim.t2v, [[2 * max(text @ video[0]) for video in videos] for text in texts])
    near(sim.v2t, [[2 * max(video @ text[0]) for video in videos] for text in texts])


@pytest.mark.usefixtures("put_back")
def test_a_few_lines_make_an_alignment_of_vectors() -> None:
    @alignments.register("first")
    @dataclass(frozen=True)
    class First(VectorAlignment):
        def vectors(self, items: Items) -> Tensor:
            return items.tokens[items.offsets[:-1]]

    texts, videos = ([l2(x) for x in side] for side in items())
    sim = vrbench.score(texts, videos, "first", precision="double")
    near(sim.v2t, [[text[0] @ video[0] for video in videos] for text in texts])


@pytest.mark.parametrize("spec", SPECS)
def test_one_item_a_side_is_enough(spec: str) -> None:
    texts, videos = items()
    alone = vrbench.score(texts[:1], videos[:1], spec)
    assert alone.t2v.shape == alone.v2t.shape == (1, 1)
    assert_close(alone, tuple(x[:1, :1] for x in cosines(spec)), 1e-5)  # type: ignore[arg-type]


def test_numbers_of_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    vrbench.score(*items(), "scan", workers=2)
    assert torch.get_num_threads() == before


def test_an_error_in_a_thread_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> tuple[Tensor, Tensor]:
        raise RuntimeError("no luck")

    reduce: Callable[..., Any] = fail
    monkeypatch.setattr(alignments.classes()["scan-original"], "reduce", reduce)
    with pytest.raises(RuntimeError, match="no luck"):
        vrbench.score(*items(), "scan-original", workers=2)


def test_replacing_the_tokens_of_a_side_is_seen() -> None:
    text, video = crowd()
    other = replace(video, tokens=video.tokens[::-1].copy())
    assert (score(text, other, "max-avg").t2v != score(text, video, "max-avg").t2v).any()
