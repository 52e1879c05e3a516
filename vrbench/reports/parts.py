"""The parts of a page: text, tables and pictures, which templates turn into HTML."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Heading:
    """A heading, by default of level 2."""

    kind: ClassVar[str] = "heading"
    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a note is smaller."""

    kind: ClassVar[str] = "paragraph"
    text: str
    note: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture embedded in the page.

    Attributes:
        uri: data URI.
        about: in words.
        css: class.
    """

    kind: ClassVar[str] = "picture"
    uri: str
    about: str
    css: str = ""

    @classmethod
    def of(cls, data: bytes, form: str, about: str, css: str = "") -> Picture:
        """Hold the bytes of a file; ``form`` is ``png``, ``jpeg`` or ``svg+xml``."""
        return cls(f"data:image/{form};base64,{base64.b64encode(data).decode()}", about, css)


@dataclass(frozen=True)
class Frames:
    """Some frames of a video, or a note where there are none."""

    kind: ClassVar[str] = "frames"
    pictures: tuple[Picture, ...] = ()
    note: str = ""

    @property
    def there(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.pictures or self.note)


@dataclass(frozen=True)
class PageCell:
    """A cell of a table.

    Attributes:
        text: as it is shown.
        value: the number that it shows; None: it is text.
        best: whether in bold.
        frames: above the text, in a cell of an item.
        raised: letters after the text, raised.
    """

    text: str
    value: float | None = None
    best: bool = False
    frames: Frames | None = None
    raised: str = ""


@dataclass(frozen=True)
class PageTable:
    """A table.

    Attributes:
        head: column headings.
        rows: one cell for each heading; the first names the row, and stays in sight.
        marked: rows that stand out.
    """

    kind: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[PageCell]]
    marked: Sequence[bool] = ()

    def is_number(self, column: int) -> bool:
        """Whether a column has a number."""
        return any(row[column].value is not None for row in self.rows)

    def is_marked(self, row: int) -> bool:
        """Whether a row stands out."""
        return row < len(self.marked) and bool(self.marked[row])


@dataclass(frozen=True)
class Folded:
    """Parts that are hidden until a click on their title."""

    kind: ClassVar[str] = "folded"
    title: str
    parts: Sequence[PagePart]


@dataclass(frozen=True)
class Beside:
    """Sections that stand beside each other where there is room."""

    kind: ClassVar[str] = "beside"
    sections: Sequence[Sequence[PagePart]]


PagePart = Heading | Paragraph | Picture | Frames | PageTable | Folded | Beside


def words(*texts: str) -> list[PageCell]:
    """Return cells of text."""
    return [PageCell(text) for text in texts]


def number(value: float) -> PageCell:
    """Return a cell with a number to three digits."""
    return PageCell(f"{value:.3g}", value)
