"""The commands that pages show, as words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from docs.__main__ import RERUN
from docs.consoles import commands as of_consoles

ROOT = Path(__file__).parents[2]
PAGES = (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "features" / "README.md")
REMADE = {(ROOT / "docs" / f"{name}.md").resolve() for name in RERUN}
"""Pages whose ``console`` blocks ``make docs`` runs."""
_FENCED = re.compile(r"^```(?:sh|text)?\n(.*?)^```$", re.M | re.S)


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each whole command that begins a line, or follows another in it."""
    for line in text.splitlines():
        for part in re.sub(r" +# .*", "", line).strip().split("; "):
            words = shlex.split(part) if part.startswith("vrbench ") else []
            if words and "..." not in words:
                yield words[1 : words.index(">") if ">" in words else None]


def in_consoles(page: Path) -> list[list[str]]:
    """Return the commands that stand with their outputs."""
    shown = of_consoles(page.read_text(encoding="utf-8"))
    return [words for line in shown for words in commands(line)]


def in_blocks(page: Path) -> list[list[str]]:
    """Return the commands that stand without an output."""
    blocks = _FENCED.findall(page.read_text(encoding="utf-8"))
    return [words for block in blocks for words in commands(re.sub(r"( \\)?\n +", " ", block))]
