from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_features import write_features

from vrbench.errors import InputError
from vrbench.features import Tokens, open_features
from vrbench.features.selected import Selected
from vrbench.features.tokens import as_tokens, offsets_of, token_rows


def make(lengths: list[int], **more: Any) -> Tokens:
    rows = sum(lengths)
    return Tokens(
        ids=np.array([f"i{k}" for k in range(len(lengths))]),
        tokens=np.arange(2.0 * rows).reshape(rows, 2),
        offsets=offsets_of(lengths),
        token_columns={"frame": np.arange(rows)},
        item_columns={"label": np.arange(len(lengths))},
        **more,
    )


def items(tokens: Tokens) -> list[list[Any]]:
    whole = tokens.block(0, len(tokens))
    cut = np.split(whole.tokens, whole.offsets[1:-1])
    frames = np.split(whole.token_columns["frame"], whole.offsets[1:-1])
    labels = whole.item_columns["label"].tolist()
    return [[a.tolist(), f.tolist(), n] for a, f, n in zip(cut, frames, labels, strict=True)]


def test_lengths_and_width() -> None:
    tokens = make([2, 1, 3])
    assert len(tokens) == 3
    assert tokens.dim == 2
    assert tokens.lengths.tolist() == [2, 1, 3]
    assert tokens.video is None
    assert tokens.captions is None


def test_block_is_the_items_between() -> None:
    tokens = make([2, 1, 3, 1], global_vectors=np.arange(8.0).reshape(4, 2))
    block = tokens.block(1, 3)
    assert block.ids.tolist() == ["i1", "i2"]
    assert block.offsets.tolist() == [0, 1, 4]
    assert items(block) == items(tokens)[1:3]
    assert block.global_vectors.tolist() == [[2.0, 3.0], [4.0, 5.0]]


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=12),
    st.integers(1, 20),
)
def test_blocks_are_all_items_in_order(lengths: list[int], values: int) -> None:
    tokens = make(lengths)
    blocks = list(tokens.blocks(values))
    assert [item for block in blocks for item in items(block)] == items(tokens)
    assert all(block.tokens.size <= values or len(block) == 1 for block in blocks)


def test_blocks_pass_over_empty_items() -> None:
    assert [len(block) for block in make([0, 0, 2, 0]).blocks(4)] == [4]
    assert sum(len(block) for block in make([0, 3, 0, 0, 3]).blocks(2)) == 5


def test_take_is_any_items_in_any_order() -> None:
    tokens = make([2, 1, 3, 1], global_vectors=np.arange(8.0).reshape(4, 2))
    taken = tokens.take([3, 1, 1])
    whole = items(tokens)
    assert taken.ids.tolist() == ["i3", "i1", "i1"]
    assert items(taken) == [whole[3], whole[1], whole[1]]
    assert taken.global_vectors.tolist() == [[6.0, 7.0], [2.0, 3.0], [2.0, 3.0]]
    assert len(tokens.take([])) == 0


@pytest.mark.parametrize("index", [[23], [0, 23], [11, 0, 12, 22, 0], [5, 4, 3], list(range(24))])
def test_take_from_a_file_is_take_from_memory(tmp_path: Path, index: list[int]) -> None:
    path = write_features(tmp_path / "f.h5", counts=(1,) * 24)
    with open_features(path) as features:
        stored = features.text
        assert not isinstance(stored.tokens, np.ndarray)
        taken, right = stored.take(index), stored.block(0, 24).take(index)
        assert taken.ids.tolist() == stored.ids[index].tolist()
        for name in ("tokens", "offsets", "global_vectors"):
            np.testing.assert_array_equal(getattr(taken, name), getattr(right, name))
        for kind in ("item_columns", "token_columns"):
            one, other = getattr(taken, kind), getattr(right, kind)
            assert one.keys() == other.keys()
            assert all(np.array_equal(one[key], other[key]) for key in one)


def test_what_is_selected_from_a_file_is_read_by_blocks(tmp_path: Path) -> None:
    with open_features(write_features(tmp_path / "f.h5", counts=(1,) * 24)) as features:
        counted = Counted(features.text.tokens)
        stored = replace(features.text, tokens=counted)
        index = [*range(20, 10, -2), 3, 4, 5]
        chosen = stored.select(index).select([7, 6, 5, 0])
        assert counted.rows == 0
        assert chosen.tokens.shape == (int(chosen.offsets[-1]), stored.dim)
        block = chosen.block(1, 3)
        assert counted.rows == len(block.tokens)
        whole = stored.block(0, 24)
        for item, right in zip(chosen.blocks(1), (5, 4, 3, 20), strict=True):
            assert item.ids.tolist() == whole.ids[[right]].tolist()
            low, high = whole.offsets[right : right + 2]
            np.testing.assert_array_equal(item.tokens, whole.tokens[low:high])


def test_a_limit_leaves_the_tokens_in_the_file(tmp_path: Path) -> None:
    with open_features(write_features(tmp_path / "f.h5", counts=(1,) * 24)) as features:
        limited = features.limited(np.array([0, 2, 3]))
        for side in (limited.video, limited.text):
            assert isinstance(side.tokens, Selected)


class Counted:
    """A dataset that counts what is read of it."""

    def __init__(self, source: Any) -> None:
        self.source, self.rows = source, 0
        self.shape, self.dtype = source.shape, source.dtype

    def __getitem__(self, part: slice) -> Any:
        found = self.source[part]
        self.rows += len(found)
        return found


def test_token_rows() -> None:
    rows = token_rows(np.array([0, 2, 3, 6]), np.array([2, 0]))
    assert rows.tolist() == [3, 4, 5, 0, 1]


def test_levels() -> None:
    marked = make([2, 2])
    marked = Tokens(
        marked.ids, marked.tokens, marked.offsets, token_columns={"level": np.array([0, 1, 1, 0])}
    )
    frames = marked.at_level(0)
    assert frames.offsets.tolist() == [0, 1, 2]
    assert frames.tokens.tolist() == [[0.0, 1.0], [6.0, 7.0]]
    assert make([2]).at_level(1).lengths.tolist() == [2]
    with pytest.raises(InputError, match="'i0' of items has no token at level 2"):
        marked.at_level(2)


def test_a_file_that_fails_names_the_items() -> None:
    class Broken:
        shape = (3, 2)

        def __getitem__(self, rows: slice) -> None:
            raise OSError("disk gone")

    tokens = Tokens(np.array(["a", "b"]), Broken(), offsets_of([1, 2]), name="/video in f.h5")
    with pytest.raises(
        InputError, match=r"'a' to 'b' of /video in f\.h5 cannot be read: disk gone"
    ):
        tokens.block(0, 2)


def test_lists_of_arrays_become_tokens() -> None:
    import torch

    tokens = as_tokens([np.ones((2, 3)), torch.ones(1, 3, requires_grad=True)], "video")
    assert tokens.ids.tolist() == ["video0", "video1"]
    assert tokens.lengths.tolist() == [2, 1]
    assert as_tokens(tokens, "text") is tokens


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ([], "There is no text to score"),
        ([1.0, 2.0], r"Text 0 has shape \(\), expected \(l, d\)"),
        ([np.ones(3)], r"Text 0 has shape \(3,\)"),
        ([np.ones((1, 3)), np.ones((0, 3))], r"Text 1 has shape \(0, 3\), expected \(l, 3\)"),
        ([np.ones((1, 3)), np.ones((1, 4))], r"Text 1 has shape \(1, 4\), expected \(l, 3\)"),
        ([np.ones((1, 0))], r"Text 0 has shape \(1, 0\)"),
    ],
)
def test_what_is_no_item_is_named(arrays: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        as_tokens(arrays, "text")
