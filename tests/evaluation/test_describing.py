"""Captions as a person is shown them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from vrbench.evaluation.describing import LONGEST, text_captions


def test_a_caption_of_megabytes_is_cut() -> None:
    source: Any = SimpleNamespace(captions=["a dog runs", "x" * 4_000_000])
    assert text_captions(source) == ["a dog runs", "x" * LONGEST + "..."]
