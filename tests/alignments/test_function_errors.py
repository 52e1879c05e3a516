"""What a function does wrong is one sentence that names the pair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scored_by_functions import TEXTS, VIDEOS, Array, put_back  # noqa: F401

import vrbench
from vrbench.errors import InputError

pytestmark = pytest.mark.usefixtures("put_back")


def fails(text: Array, video: Array) -> Any:
    held: dict[str, float] = {}
    return held["absent"] if len(text) == 4 and len(video) == 2 else 0.0


def gives(value: Any) -> Callable[[Array, Array], Any]:
    def function(text: Array, video: Array) -> Any:
        return value if len(text) == 4 and len(video) == 2 else 0.0

    return function


def test_what_a_function_raises_names_the_pair_and_the_line() -> None:
    line = fails.__code__.co_firstlineno + 2
    with pytest.raises(InputError) as caught:
        vrbench.score(TEXTS, VIDEOS, fails)
    assert str(caught.value) == (
        "The function 'fails' on text 'text1' and video 'video2' fails (KeyError: 'absent' in line "
        f"{line} of test_function_errors.py)."
    )
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "returns None: it has to return one number (@vrbench.alignment(name, symm"),
        ("0.5", "returns '0.5': it has to return one number"),
        (1j, "returns 1j: it has to return one number"),
        (np.ones(1), "returns an array of shape (1,): it has to return one number"),
        (torch.ones(2, 3), "returns an array of shape (2, 3): it has to return one number"),
        ((1.0, 2.0), "returns (1.0, 2.0): it has to return one number"),
        (float("nan"), "returns nan, which is no finite number in float32."),
        (float("-inf"), "returns -inf, which is no finite number in float32."),
        (1e39, "returns 1e+39, which is no finite number in float32."),
    ],
)
def test_what_is_no_finite_number_is_refused_with_the_pair(value: Any, says: str) -> None:
    with pytest.raises(InputError) as caught:
        vrbench.score(TEXTS, VIDEOS, gives(value))
    message = str(caught.value)
    assert message.startswith(f"The function 'function' on text 'text1' and video 'video2' {says}")
    assert message.endswith(".")


@pytest.mark.parametrize(
    "value", [1.0, (1.0,), (1.0, 2.0, 3.0), (1.0, None), [1.0, 2.0], (1.0, float("nan"))]
)
def test_what_is_no_pair_of_numbers_is_refused_where_two_are_asked_for(value: Any) -> None:
    def function(text: Array, video: Array) -> Any:
        return value if len(text) == 4 else (0.0, 0.0)

    vrbench.alignment("two", symmetric=False)(function)
    with pytest.raises(InputError, match=r"on text 'text1' and video 'video\d' returns [\[(]?1\.0"):
        vrbench.score(TEXTS, VIDEOS, function)


def test_a_large_number_is_one_in_double() -> None:
    sim = vrbench.score(TEXTS, VIDEOS, lambda text, video: 1e39, precision="double")
    assert (sim.t2v == 1e39).all()
