"""Notes on tokens that may pad short items, where they are neither zeros nor one number."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vrbench.features.doubts import padding_notes, scan
from vrbench.features.tokens import Tokens, offsets_of

D = 4
Rows = NDArray[np.float32]


def items(*lengths: int) -> list[Rows]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal((n, D)).astype(np.float32) for n in lengths]


def notes(each: list[Rows]) -> list[str]:
    ids = np.array([f"v{i}" for i in range(len(each))])
    tokens = Tokens(ids, np.concatenate(each), offsets_of([len(one) for one in each]), None)
    return list(padding_notes("text", tokens, scan(tokens)))


def padded(one: Rows, row: Rows, n: int = 1) -> Rows:
    return np.concatenate([one, np.tile(row, (n, 1))])


@pytest.mark.parametrize("many", [2, 3])
def test_one_token_that_ends_half_of_the_items(many: int) -> None:
    pad, each = items(1)[0] + 1, items(2, 3, 1, 4)
    ended = [padded(one, pad, 1 + i) if i < many else one for i, one in enumerate(each)]
    (note,) = notes(ended)
    assert note == (
        f"{many} of 4 items of /text end with one and the same token, the first is 'v0', and are "
        "scored with it: if it pads short items, import again with a mask or offsets that leave "
        "it out."
    )
    assert not notes([padded(each[0], pad), *each[1:]])
    assert not notes([padded(each[0], pad)] * 3 + each[1:]), "one item, three times"


def test_a_last_token_that_is_repeated_in_half_of_the_items() -> None:
    each = items(2, 3, 1, 4)
    ended = [each[0], padded(each[1], each[1][-1]), padded(each[2], each[2][-1], 2), each[3]]
    (note,) = notes(ended)
    assert note.startswith(
        "2 of 4 items of /text end with a token that stands there twice or more, the first is 'v1'"
    )
    assert not notes([*ended[:2], *each[2:]])


def test_what_is_no_padding() -> None:
    assert not notes(items(1) * 5), "items of one token"
    assert not notes(items(2, 3, 4))
    zeros = np.zeros((1, D), np.float32)
    (note,) = notes([padded(one, zeros, 2) for one in items(2, 3, 4)])
    assert "6 of 15 rows of /text/tokens are all zeros" in note, "said once"
