"""Heads that are affine maps of each token, as extraction applies them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from heads import Array, items, linear, temporal

from vrbench.encoders import LoadedEncoder
from vrbench.encoders.toy import Toy
from vrbench.errors import InputError
from vrbench.features.tokens import as_tokens
from vrbench.heads import parse_head
from vrbench.heads.applied import SIDES, apply_side
from vrbench.heads.head import Head, digest
from vrbench.heads.maps import MappedEncoder, Maps
from vrbench.heads.projection import Affine, Projection

MADE = {"encoder": "toy", "weights": {}, "projection": []}


def two_maps(rng: np.random.Generator) -> dict[str, Array]:
    """Random weights of projection+linear: texts 5 and videos 6 wide, by 7 to 4 numbers."""
    first = linear(rng, 7, text=5, video=6)
    known = {name.replace("linear", "projection"): value for name, value in first.items()}
    return known | linear(rng, 4, text=7, video=7)


@pytest.mark.parametrize("spec", ["linear", "projection+linear"])
def test_the_maps_of_a_head_do_what_its_parts_do_one_after_the_other(spec: str) -> None:
    rng = np.random.default_rng(0)
    arrays = two_maps(rng) if "+" in spec else linear(rng, 7, text=5, video=6)
    head = Head(parse_head(spec), arrays)
    maps = Maps.of_head(head)
    for side, width, by in (("text", 5, maps.text), ("video", 6, maps.video)):
        given = as_tokens(items(rng, (3, 1, 4), width), side)
        expected = apply_side(head, SIDES[side], given, "double").tokens
        np.testing.assert_allclose(by(given.tokens), expected, atol=1e-12)


@pytest.mark.parametrize("spec", ["temporal:layers=2,heads=2", "linear+temporal:layers=2,heads=2"])
def test_a_head_that_is_more_is_refused(spec: str) -> None:
    rng = np.random.default_rng(0)
    before = linear(rng, 8, text=8, video=8) if "+" in spec else {}
    head = Head(parse_head(spec), before | temporal(rng, 8))
    with pytest.raises(InputError, match=r"'temporal' is no affine map.*eval --head"):
        Maps.of_head(head)


def test_both_kinds_of_files_are_read_and_know_what_they_saw(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    empty = dict.fromkeys(("method", "loss", "features", "split"))
    seen = [digest("a"), digest("b")]
    about = empty | {"encoder": "toy", "validation": [], "train_ids": seen}
    head = Head(parse_head("projection+linear"), two_maps(rng), about)
    side = Affine(rng.standard_normal((5, 4)), rng.standard_normal(4))
    projection = Projection(side, side, frozenset("ab"), {"encoder": "toy"})
    # of the content, not of the name
    for kept, name in ((head, "one"), (projection, "two")):
        kept.save(tmp_path / name)
        maps = Maps.read(tmp_path / name)
        assert [maps.saw(video) for video in "abc"] == [True, True, False]
        assert maps.about["encoder"] == "toy"
    np.testing.assert_array_equal(maps.text.matrix, side.matrix)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 torn", b"8 bytes.{torn", b"x" * 20])
def test_what_is_neither_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "p"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"/p (is not a projection|is no head|does not exist)"):
        Maps.read(path)
    with pytest.raises(InputError, match="is not a projection"):
        Maps.read(tmp_path)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"encoder": None}, "train one for this encoder"),
        ({"weights": {"a": "0"}}, "train one for this encoder"),
        ({"projection": ["0" * 64]}, "trained behind another projection"),
    ],
)
def test_maps_of_other_tokens_are_refused(made: dict[str, Any], said: str) -> None:
    side = Affine(np.zeros((16, 3)), np.zeros(3))
    loaded: LoadedEncoder = Toy().load(None)
    MappedEncoder(loaded, "toy", Maps(side, side, frozenset(), MADE))
    with pytest.raises(InputError, match=said):
        MappedEncoder(loaded, "toy", Maps(side, side, frozenset(), MADE | made))
