"""What is refused before scoring."""

from __future__ import annotations

from vrbench.errors import InputError
from vrbench.features.tokens import Tokens


def check_options(precision: str, device: str, workers: int | None) -> None:
    """Refuse unknown words and numbers of threads.

    Raises:
        InputError: there are such.
    """
    for name, value, known in (
        ("precision", precision, ("single", "double")),
        ("device", device, ("auto", "cpu", "cuda")),
    ):
        if value not in known:
            raise InputError(f"Unknown {name} '{value}': use {', '.join(known)}.")
    if workers is not None and workers < 1:
        raise InputError(f"workers must be at least 1, it is {workers}.")


def check_sides(text: Tokens, video: Tokens) -> None:
    """Refuse sides of two spaces.

    Raises:
        InputError: widths differ, or one side is raw and the other not.
    """
    if text.dim != video.dim:
        raise InputError(
            f"Text tokens have width {text.dim} ({text.name}) and video tokens {video.dim} "
            f"({video.name}): project them into one space first (vrbench train projection)."
        )
    if text.normalized != video.normalized:
        raise InputError(
            f"One of {text.name} and {video.name} is normalized and the other raw: make both alike."
        )
