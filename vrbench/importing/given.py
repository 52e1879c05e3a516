"""What is given to be imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vrbench.errors import InputError


@dataclass(frozen=True)
class Given:
    """One source of both sides, or a file or folder a side.

    Attributes:
        source: of both sides.
        video: of the videos, instead.
        text: of the texts, instead.
        captions: a CSV, JSON or parquet file of the captions.
        keys: theirs -> ours, for arrays and columns of other names.
        raw: how items are read that are bytes alone, ``TYPE:WIDTH``; "": by the other side's width.
    """

    source: Path | None = None
    video: Path | None = None
    text: Path | None = None
    captions: Path | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""

    def __str__(self) -> str:
        return " + ".join(str(path) for _, path in self.sides())

    def sides(self) -> Iterator[tuple[str, Path]]:
        """Yield each file with the side that it holds; ``""``: it says that itself.

        Raises:
            InputError: neither one source is given nor both sides.
        """
        if self.source is not None and self.video is None and self.text is None:
            yield "", self.source
        elif self.source is not None or self.video is None or self.text is None:
            raise InputError(
                "Give either one source of both sides, or both --video F and --text F."
            )
        else:
            yield from (("video", self.video), ("text", self.text))

    def inputs(self) -> list[Path]:
        """Return every path that is read."""
        paths = (self.source, self.video, self.text, self.captions)
        return [path for path in paths if path is not None]


def read_keys(words: list[str]) -> dict[str, str]:
    """Read ``theirs=ours`` of ``--key``.

    Raises:
        InputError: one is none, or two contradict each other.
    """
    keys: dict[str, str] = {}
    for word in words:
        theirs, equals, ours = word.rpartition("=")
        if not equals or not theirs or not ours:
            raise InputError(f"Cannot read --key {word}: write --key THEIRS=OURS.")
        if keys.get(theirs, ours) != ours:
            raise InputError(f"--key names '{theirs}' twice: keep one of them.")
        keys[theirs] = ours
    return keys
