from collections.abc import Callable
from typing import Any

import pytest

from vrbench.datasets.record import Record
from vrbench.errors import InputError


def record(value: Any) -> Record:
    return Record(value, "a.json")


def test_values() -> None:
    data = record({"a": [{"b": "x"}], "n": "3.50", "k": 4.0, "t": ["x", ""]})
    assert [item["b"].text() for item in data["a"]] == ["x"]
    assert [key for key, _ in data.items()] == ["a", "n", "k", "t"]
    assert (data["n"].number(), data["k"].whole()) == (3.5, 4)
    assert data["t"].texts() == ("x", "")


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda r: r["z"], "a.json: expected an object with 'z', found {'a': [{'b': 1}], 'n': "),
        (lambda r: r["a"]["b"], "a.json, a: expected an object with 'b', found [{'b': 1}]."),
        (lambda r: r.texts(), "a.json: expected a list, found {'a': "),
        (lambda r: list(r["a"].items()), "a.json, a: expected an object, found [{'b': 1}]."),
        (lambda r: next(iter(r["a"]))["b"].text(), "a.json, a[0].b: expected a text, found 1."),
        (lambda r: r["n"].number(), "a.json, n: expected a number, found 'x'."),
        (lambda r: r["a"].number(), "a.json, a: expected a number, found [{'b': 1}]."),
        (lambda r: r["i"].number(), "a.json, i: expected a number, found inf."),
        (lambda r: r["y"].number(), "a.json, y: expected a number, found True."),
        (lambda r: r["h"].whole(), "a.json, h: expected a whole number, found 0.5."),
        (lambda r: r["s"].text(), r"a.json, s: expected a text, found '\ud800'."),
        (lambda r: r["o"].text(), r"a.json, o: expected a text, found 'a\x00'."),
    ],
)
def test_another_kind_is_refused_with_its_place(
    read: Callable[[Record], object], message: str
) -> None:
    values = {"a": [{"b": 1}], "n": "x", "i": float("inf"), "y": True, "h": 0.5}
    with pytest.raises(InputError) as caught:
        read(record(values | {"s": "\ud800", "o": "a\0"}))
    assert str(caught.value).startswith(message)


def test_long_values_are_cut() -> None:
    with pytest.raises(InputError) as caught:
        record("x" * 1000).number()
    assert str(caught.value) == f"a.json: expected a number, found '{'x' * 56}...."
