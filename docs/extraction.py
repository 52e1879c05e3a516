"""The table of the models of ``hf`` in extraction.md; the rest of that page is written by hand."""

from __future__ import annotations

from pathlib import Path

from docs.regions import filled
from vrbench.encoders.hf.families import FAMILIES, OTHER, Family

PAGE = Path(__file__).parent / "extraction.md"
HEAD = (
    "| family | `model_type` | a frame's token | patches | a word's token | pooled row | padding |",
    "|---|---|---|---|---|---|---|",
)


def page(shared: Path) -> str:
    """Return the page with the table as the program has it; nothing shared is read."""
    return filled(PAGE.read_text(encoding="utf-8"), {"families": table()})


def table() -> str:
    """Return the table, a line a family."""
    return "\n".join([*HEAD, *map(_row, (*FAMILIES, OTHER))])


def _row(family: Family) -> str:
    cells = (
        family.name,
        ", ".join(f"`{kind}`" for kind in family.types) or "any",
        family.frame,
        _formulas(family.patches) or "none",
        _formulas(family.words),
        family.pooled_word,
        "to all places" if family.padded else "none",
    )
    return f"| {' | '.join(cells)} |"


def _formulas(formulas: tuple[str, ...]) -> str:
    """Return formulas, the first of which that holds is taken."""
    return " or ".join(f"`{formula}`" for formula in formulas)
