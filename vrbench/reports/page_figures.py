"""The pictures of a results folder, as parts of its page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from pathlib import Path

from vrbench.figures import figures, training
from vrbench.reports.parts import Beside, Heading, PagePart, Paragraph, Picture
from vrbench.runtime.files import listed

KINDS = {".svg": "svg+xml", ".png": "png"}
_TITLE = re.compile(r"<dc:title>(.*?)</dc:title>", re.DOTALL)
PNG_TITLE = b"tEXtTitle\0"
"""Kind of a PNG's chunk of text, whose length stands in the four bytes before, and its key."""
MAKER = "Matplotlib v"
"""Begins the title of the program in its pictures."""
HEAD = 20_000
"""Bytes of a picture in which its title is looked for."""


def pictures_of(folder: Path) -> list[Path]:
    """Return the pictures, as svg where there is one."""
    svg = listed(folder, ".svg")
    known = {path.stem for path in svg}
    return svg + [path for path in listed(folder, ".png") if path.stem not in known]


def figures_of(pictures: Sequence[Path]) -> list[PagePart]:
    """Return the pictures beside each other, with what each is of and the name of its file."""
    if not pictures:
        return []
    return [Heading("Figures"), Beside([_figure(path) for path in pictures])]


def _figure(path: Path) -> list[PagePart]:
    data = path.read_bytes()
    name, title = _name(path), _title(path, data)
    picture = Picture.of(data, KINDS[path.suffix], f"{name}: {title}" if title else name, "figure")
    said = ". ".join(filter(None, (title, f"File: {path.name}")))
    return [Heading(name, 3), picture, Paragraph(said, note=True)]


def _name(path: Path) -> str:
    """Return the figure that a file's name begins with, else the name."""
    known = sorted((*figures.classes(), training.NAME), key=len, reverse=True)
    found = next((name for name in known if path.stem.startswith(name)), None)
    return found.replace("-", " ").capitalize() if found else path.stem


def _title(path: Path, data: bytes) -> str:
    """Return what a picture of ``vrbench plot`` says it is of; nothing of other pictures."""
    if path.suffix == ".svg":
        titles = map(unescape, _TITLE.findall(data[:HEAD].decode("utf-8", "replace")))
        return next((one for one in titles if not one.startswith(MAKER)), "")
    start = data[:HEAD].find(PNG_TITLE)
    end = start + 4 + int.from_bytes(data[max(start - 4, 0) : max(start, 0)], "big")
    return data[start + len(PNG_TITLE) : end].decode("latin-1") if start > 0 else ""
