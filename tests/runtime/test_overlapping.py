from __future__ import annotations

import threading

import pytest

from vrbench.runtime.overlapping import overlapping
from vrbench.runtime.progress import Progress


def test_two_steps_run_and_come_in_order() -> None:
    second, third = threading.Event(), threading.Event()

    def one(_: Progress) -> int:
        assert second.wait(20), "the second runs meanwhile"
        assert not third.is_set(), "the third does not"
        return 1

    def two(_: Progress) -> int:
        second.set()
        return 2

    def three(_: Progress) -> int:
        third.set()
        return 3

    assert list(overlapping([one, two, three], None)) == [1, 2, 3]


def test_a_step_ends_when_one_before_it_has_failed() -> None:
    told, ended = threading.Event(), threading.Event()

    def fails(_: Progress) -> int:
        assert told.wait(20)
        raise ValueError("one")

    def long(tell: Progress) -> int:
        try:
            while True:
                tell("it", 0, 1)
                told.set()
        finally:
            ended.set()

    with pytest.raises(ValueError, match="one"):
        list(overlapping([fails, long], None))
    assert ended.wait(20)
