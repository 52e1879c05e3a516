"""Pages from templates: no network access, no script, all text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from vrbench.reports.parts import Heading, PagePart
from vrbench.runtime.printable import one_line

if TYPE_CHECKING:
    from jinja2 import Environment


def page(title: str, body: Sequence[PagePart]) -> str:
    """Return a whole page; its headings of level 2 are listed at its top where there are two."""
    contents = [
        (place, part.text)
        for place, part in enumerate(body, 1)
        if isinstance(part, Heading) and part.level == 2
    ]
    template = _environment().get_template("page.html.j2")
    return template.render(title=title, body=body, contents=contents)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("vrbench.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _printable(value: Any) -> Any:
    """Return a file's text on one line and without bidirectional controls; markup as it is."""
    return one_line(value) if type(value) is str else value
