"""Templates: every text of every part is escaped and on one line, and nothing is left out."""

from __future__ import annotations

import re
from dataclasses import fields
from html.parser import HTMLParser
from typing import Any, get_args

import jinja2
import pytest
from hostile import HOSTILE, page

from vrbench.reports import parts, rendering
from vrbench.reports.parts import (
    Beside,
    Folded,
    Frames,
    Heading,
    PageCell,
    PagePart,
    PageTable,
    Paragraph,
)

PICTURE = parts.Picture.of(b"abc", "png", HOSTILE, HOSTILE)
CELLS = [
    PageCell(HOSTILE),
    PageCell(HOSTILE, 1.5, best=True),
    PageCell(HOSTILE, frames=Frames((PICTURE,), HOSTILE)),
]
EVERY: list[PagePart] = [
    Heading(HOSTILE, 3),
    Paragraph(HOSTILE),
    Paragraph(HOSTILE, note=True),
    PICTURE,
    Frames((PICTURE, PICTURE), HOSTILE),
    PageTable([HOSTILE] * 3, [CELLS, CELLS], [False, True]),
    PageTable([HOSTILE] * 5, [[PageCell(HOSTILE, 1.0, raised=HOSTILE)] * 5]),
    Folded(HOSTILE, [Heading(HOSTILE), PageTable([HOSTILE], [[PageCell(HOSTILE)]])]),
    Beside([[Paragraph(HOSTILE)], [Paragraph(HOSTILE), Heading(HOSTILE)]]),
]


def texts(value: Any) -> int:
    """How many hostile strings a part holds."""
    if isinstance(value, str):
        return int(value == HOSTILE)
    if isinstance(value, list | tuple):
        return sum(map(texts, value))
    known = fields(value) if hasattr(value, "__dataclass_fields__") else ()
    return sum(texts(getattr(value, field.name)) for field in known)


class Shown(HTMLParser):
    """What a reader of a page gets to see, and the attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for _, value in attrs]


@pytest.mark.parametrize("part", EVERY, ids=lambda part: part.kind)
def test_hostile_text_stays_text(part: PagePart) -> None:
    made = rendering.page("title", [part])
    page(made)
    shown = Shown()
    shown.feed(made)
    assert "\n".join(shown.found).count("forged second") == texts(part)


def test_every_kind_of_part_is_rendered() -> None:
    assert {type(part) for part in EVERY} == set(get_args(PagePart))
    body = rendering.page("t", EVERY).partition("<h1>")[2]
    for tag in ("<h3>", "<p class=note>", "<img", "<table>", "<details>", "<div class=beside>"):
        assert tag in body, tag


def test_a_table_has_headings_numbers_marks_and_bold_type() -> None:
    given = PageTable(["<i>", "n"], [[PageCell("x"), PageCell(">", 1.5, best=True)]], [True])
    made = rendering.page("<a & b>", [given])
    assert "<title>&lt;a &amp; b&gt;</title>" in made
    assert '<th scope=col>&lt;i&gt;</th><th scope=col class="number">n</th>' in made
    row = '<tr class="right"><th scope=row>x</th><td class="number best">&gt;</td></tr>'
    assert row in made


def test_what_a_template_lacks_is_an_error_and_no_gap() -> None:
    with pytest.raises(jinja2.UndefinedError):
        rendering.page("t", [object()])  # type: ignore[list-item]


def test_no_template_switches_escaping_off() -> None:
    loader = rendering._environment().loader
    assert loader is not None
    names = loader.list_templates()
    assert names == ["page.css.j2", "page.html.j2", "parts.html.j2"]
    for name in names:
        source = loader.get_source(rendering._environment(), name)[0]
        assert not re.search(r"\|\s*safe|autoescape", source), name
