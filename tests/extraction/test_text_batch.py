"""Captions of a video that are encoded together: which they are, whatever interrupts the job."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from tiny_onnx import SIDE, write_models
from toy_videos import captions_of, write_captions, write_videos
from workplace import BANK, VIDEOS, Workplace, place, same, shards

from vrbench.datasets.captions import Caption
from vrbench.encoders import Encoded, LoadedEncoder
from vrbench.encoders.toy import Toy
from vrbench.errors import InputError
from vrbench.extraction.extract import Inputs, extract
from vrbench.extraction.merging import merge_shards
from vrbench.features import open_features

__all__ = ["place"]

EACH = 7
Blocks = list[list[str]]


@pytest.fixture
def blocks(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> Blocks:
    """A toy whose tokens show, as rounding would, which captions they were encoded with."""
    for name, ids in (("test", VIDEOS), ("bank", BANK)):
        write_captions(place.root / f"{name}.csv", captions_of(ids, EACH))
    seen: Blocks = []

    def texts(self: LoadedEncoder, captions: Sequence[Caption]) -> list[Encoded]:
        seen.append([caption.id for caption in captions])
        if broken := [caption for caption in captions if "broken" in caption.text]:
            raise InputError(f"cannot encode {broken[0].id}")
        shift = sum(int(name.partition("#")[2]) + 1 for name in seen[-1]) / 100
        alone = [self.text(caption) for caption in captions]
        return [replace(encoded, tokens=encoded.tokens + shift) for encoded in alone]

    toy = type(Toy().load(None))
    monkeypatch.setattr(toy, "text_batch", 3)
    monkeypatch.setattr(toy, "texts", texts)
    return seen


def test_blocks_are_of_one_video_in_order(place: Workplace, blocks: Blocks) -> None:
    place.extract(bank=None)
    expected = [[f"{v}#{k}" for k in ks] for v in VIDEOS for ks in ((0, 1, 2), (3, 4, 5), (6,))]
    assert sorted(blocks) == expected


class Stop(BaseException):
    """Stands for whatever ends a process."""


def stop_after(items: int) -> Callable[[str, int, int], None]:
    left = iter(range(items))

    def stop(side: str, done: int, total: int) -> None:
        if next(left, None) is None:
            raise Stop

    return stop


@pytest.mark.parametrize("batch", [2, 5])
def test_a_block_that_is_partly_written_is_carried_on(
    place: Workplace, blocks: Blocks, batch: int
) -> None:
    whole = place.extract("whole.h5", bank=None).path
    for after in range(len(VIDEOS) + 1, len(VIDEOS) * (1 + EACH), 6):
        with pytest.raises(Stop):
            place.extract(progress=stop_after(after), batch=batch, bank=None)
        out = place.extract(batch=batch, bank=None).path
        assert same(out, whole), after
        out.unlink()


def test_shards_and_lifted_limits_have_the_same_blocks(place: Workplace, blocks: Blocks) -> None:
    whole = place.extract("whole.h5").path
    merge_shards(shards(place, 3), place.root / "merged.h5")
    assert same(place.root / "merged.h5", whole)
    few = Inputs(place.source.videos, place.source.captions, 3)
    place.extract(source=few)
    assert same(place.extract().path, whole)


def test_what_cannot_be_encoded_does_not_take_its_block_with_it(
    place: Workplace, blocks: Blocks
) -> None:
    said = ["one", "", "two", "three", "broken", "four", "five"]
    write_captions(place.csv, [("v0", text) for text in said])
    done = place.extract(bank=None, dtype="float64")
    empty, broken = done.skipped
    assert "'v0#1' ('') holds no word" in empty
    assert broken == "Caption 'v0#4': cannot encode v0#4"
    toy = Toy().load(None)
    with open_features(done.path) as features:
        assert features.text.ids.tolist() == [f"v0#{k}" for k in (0, 2, 3, 5, 6)]
        for row, (k, shift) in enumerate([(0, 4), (2, 4), (3, 4), (5, 6), (6, 7)]):
            tokens = toy.text(Caption("", "v0", said[k])).tokens + shift / 100
            np.testing.assert_array_equal(features.text.block(row, row + 1).tokens, tokens)
    with pytest.raises(InputError, match="v0#1"):
        place.extract("strict.h5", bank=None, strict=True)


def test_onnx_tokens_are_those_of_captions_alone(tmp_path: Path) -> None:
    weights = write_models(tmp_path, "masked")
    videos = write_videos(tmp_path / "videos", ["x", "y"])
    texts = ["a", "a cat", "cat sits a", "sits", "a cat sits on a cat", "!", "a a", "cat", "a cat"]
    captions = tmp_path / "captions.csv"
    write_captions(captions, [(video, text) for video in ("x", "y") for text in texts])
    files = []
    for n in (1, 3, 8):
        out = tmp_path / f"{n}.h5"
        spec = f"onnx:size={SIDE},text_batch={n}"
        source = Inputs(videos, captions)
        files.append(extract(source, out, encoder=spec, weights=weights, dtype="float32").path)
    with open_features(files[0]) as one:
        for path in files[1:]:
            with open_features(path) as other:
                assert f"text_batch={path.stem}" in other.attrs["encoder"]
                np.testing.assert_array_equal(one.text.offsets, other.text.offsets)
                a, b = (f.text.block(0, 2 * len(texts)) for f in (one, other))
                np.testing.assert_allclose(a.tokens, b.tokens, rtol=1e-6)
                np.testing.assert_allclose(a.global_vectors, b.global_vectors, rtol=1e-6)
