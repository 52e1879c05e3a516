"""Pages whose prose is Markdown, and whose numbers and tables are made.

``<!-- made: NAME -->6.3<!-- end -->`` within a line is a number or a few words of that name. With a
line of its own for each of the two comments, what lies between is a table or a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_REGION = re.compile(r"(?P<start><!-- made: (?P<name>\S+) -->)(?P<text>.*?)<!-- end -->", re.S)


def filled(page: str, values: Mapping[str, str]) -> str:
    """Return a page with these values in its regions.

    Raises:
        ValueError: a region has no value, a value no region, or a line begins with a value:
            Markdown would take the whole line for HTML.
    """
    found = {region["name"] for region in _REGION.finditer(page)}
    if found != values.keys():
        raise ValueError(f"made, or on the page, but not both: {sorted(found ^ values.keys())}")

    def made(region: re.Match[str]) -> str:
        value = values[region["name"]]
        if region["text"].startswith("\n"):
            return f"{region['start']}\n\n{value.strip()}\n\n<!-- end -->"
        before = page[: region.start()]
        if not before or before.endswith("\n") or "\n" in value:
            raise ValueError(f"{region['name']} begins a line, or is longer than one: move it")
        return f"{region['start']}{value}<!-- end -->"

    return _REGION.sub(made, page)
