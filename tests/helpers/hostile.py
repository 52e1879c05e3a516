"""Strings that files from strangers may hold, and what must not come out of them."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from cli_runs import run

HOSTILE = (
    "=cmd|' /C calc'!A0 \x1b]0;owned\x07\x1b[31m\x9b2J\x7f\u202egnp.\u2066x\u200f\u061c\r\nforged"
    '\u2028second\t<script>alert("1")</script>" onerror="alert(1)\' $\\frac$ {\\input{x}} a|b '
    "![x](http://e) `c` &#x202e;"
)
"""Escapes, bidirectional marks, new lines, a formula, HTML, LaTeX, mathtext and Markdown."""

_OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|^(forged|second)",
    re.MULTILINE,
)


def tame(text: str) -> str:
    """Return what was printed, once nothing in it is obeyed and no line of it is forged."""
    found = _OBEYED.search(text)
    assert found is None, repr(text[max(0, found.start() - 60) : found.end() + 20])
    return text


def cells(text: str) -> list[str]:
    """Return the cells of a CSV, none of which a spreadsheet evaluates."""
    found = [cell for row in csv.reader(StringIO(tame(text))) for cell in row]
    for cell in found:
        if cell.strip()[:1] in tuple("=+-@"):
            float(cell)
    return found


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def page(text: str) -> list[tuple[str, dict[str, str | None]]]:
    """Return the tags of a page, none of which came with a string."""
    parser = _Tags()
    parser.feed(tame(text))
    assert not any(tag == "script" for tag, _ in parser.found)
    assert not any(name.startswith("on") for _, attrs in parser.found for name in attrs)
    return parser.found


def everywhere(value: Any, key: str = "") -> Any:
    """Return a result in which every string is hostile, but the name of the file beside it."""
    if isinstance(value, dict):
        return {name: everywhere(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [everywhere(part) for part in value]
    return HOSTILE if isinstance(value, str) and key not in ("ranks", "v2t") else value


def write_hostile_features(path: Path) -> Path:
    """Write a feature file with a hostile string wherever it holds one."""
    rng = np.random.default_rng(0)
    ids = [f"{HOSTILE}{i}" for i in range(6)]
    arrays: dict[str, Any] = {key: rng.normal(size=(6, 8)) for key in ("video", "text")}
    arrays |= {f"bank_{key}": rng.normal(size=(5, 8)) for key in ("video", "text")}
    arrays |= {"video_ids": ids, "text_ids": ids, "captions": ids, HOSTILE: np.ones(2)}
    npz = path.with_suffix(".npz")
    np.savez(npz, **arrays, bank_video_ids=ids[:5])
    said = ("--dataset", HOSTILE, "--split", HOSTILE, "--encoder", HOSTILE)
    done = run("import", npz, "--out", path, *said)
    assert done.code == 0, done.err
    tame(done.out + done.err)
    with h5py.File(path, "a") as file:
        file.attrs[HOSTILE] = HOSTILE
        file["text/words"] = [f"{HOSTILE[:40]}\n$\\frac$ {i}" for i in range(6)]
        file["video"][HOSTILE.replace("/", "")] = np.arange(6)
    return path
