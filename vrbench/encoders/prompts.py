"""What captions are put into before they are encoded."""

from __future__ import annotations

from vrbench.errors import InputError

PLACE = "{}"
"""Where a caption goes."""


def check_prompt(prompt: str | None) -> None:
    """Check that a prompt has one place for a caption.

    Raises:
        InputError: it has none, or several.
    """
    if prompt is not None and prompt.count(PLACE) != 1:
        raise InputError(f"prompt must hold {PLACE} once, for the caption: it is '{prompt}'.")
