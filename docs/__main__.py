"""Write every page of this folder; names as arguments write only those."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from docs.consoles import rerun

PAGES = ("extraction", "figures", "normalization", "sequences")
"""A module each, with ``page(shared) -> str``."""
RERUN = (
    "../README",
    "example",
    "cluster",
    *("tutorials/own-features", "tutorials/from-videos", "tutorials/which-normalization"),
)
"""Pages that are their own source: only the outputs of their commands are made anew."""
LONG = ("heads", "levels")
"""Those that train for an hour, and are made only where they are named."""


def main() -> None:
    """Write ``docs/NAME.md`` for each page."""
    parser = argparse.ArgumentParser(prog="python -m docs", description=__doc__)
    parser.add_argument("pages", nargs="*", default=(*PAGES, *RERUN), metavar="PAGE")
    parser.add_argument("--shared", type=Path, required=True, help="folder of the research data")
    given = parser.parse_args()
    for name in given.pages:
        path = Path(__file__).parent / f"{name}.md"
        if name in RERUN:
            text = rerun(path.read_text(encoding="utf-8"))
        else:
            text = import_module(f"docs.{name}").page(given.shared)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
