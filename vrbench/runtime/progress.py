"""The type of a callback that reports progress."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as (what is worked on, parts done, parts in all)."""
