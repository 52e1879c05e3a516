"""Pages that show commands: their files are written, their commands run, their outputs inserted.

A block ``console`` of a page has commands after ``$ `` and what each prints. A block after a line
``**`NAME`**`` is a file NAME. Where an output ends with ``... (N more lines)``, as many lines of it
are shown as before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.running import run

_BLOCK = re.compile(
    r"^(?:\*\*`(?P<file>[^`]+)`\*\*\n\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
_MORE = re.compile(r"^\.\.\. \(\d+ (?:more )?lines\)$")


def rerun(page: str) -> str:
    """Return a page with the outputs that its commands have now, run in one empty folder.

    Raises:
        subprocess.CalledProcessError: a command fails.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)

        def made(block: re.Match[str]) -> str:
            if block["file"]:
                (folder / block["file"]).write_text(block["text"], encoding="utf-8")
            if block["kind"] != "console":
                return block[0]
            lines = [line for one in _calls(block["text"]) for line in _shown(*one, folder)]
            return "\n".join(["```console", *lines, "```"])

        return _BLOCK.sub(made, page)


def commands(page: str) -> list[str]:
    """Return the commands of all blocks of a page, in order."""
    blocks = (block["text"] for block in _BLOCK.finditer(page) if block["kind"] == "console")
    return [command for text in blocks for command, _ in _calls(text)]


def _calls(text: str) -> Iterator[tuple[str, int | None]]:
    """Yield each command and how many lines of its output are shown; None: all."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, *output = part.rstrip("\n").split("\n")
        cut = bool(output) and _MORE.match(output[-1]) is not None
        yield command, len(output) - 1 if cut else None


def _shown(command: str, most: int | None, folder: Path) -> list[str]:
    printed = run(command, folder)
    while printed and not printed[-1]:
        printed.pop()
    shown = printed[:most]
    left = len(printed) - len(shown)
    more = [f"... ({left} {'more ' if shown else ''}lines)"] if left else []
    return [f"$ {command}", *shown, *more]
