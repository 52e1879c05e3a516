"""Write every page of this folder; names as arguments write only those."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

PAGES = ("example", "extraction", "figures", "normalization", "sequences")
"""A module each, with ``page(shared) -> str``."""
LONG = ("heads",)
"""Those that train for an hour, and are made only where they are named."""


def main() -> None:
    """Write ``docs/NAME.md`` for each page."""
    parser = argparse.ArgumentParser(prog="python -m docs", description=__doc__)
    parser.add_argument("pages", nargs="*", default=PAGES, metavar="PAGE")
    parser.add_argument("--shared", type=Path, required=True, help="folder of the research data")
    given = parser.parse_args()
    for name in given.pages:
        text = import_module(f"docs.{name}").page(given.shared)
        (Path(__file__).parent / f"{name}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
