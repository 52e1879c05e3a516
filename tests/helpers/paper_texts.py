"""A second transcription of the papers' tables: read mechanically from their texts.

Every function maps the lines of one printed table to its cells, row by row, as ``text`` or
``*text*`` where the text keeps bold type. Nothing here knows the package's own transcription.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

Fields = list[str]
Cells = list[list[str]]

FILES = {
    "tokenflow": "tokenflow",
    "ncl": "ncl",
    "ucofia": "ucofia-supplementary",
    "modality-structure": "modality-structure-supplementary",
    "norton": "norton",
}
# Norton 7 lists six numbers for the five rows C to G: one 98.6 stands there twice.
READ_TWICE = ("98.6 98.6 98.6 *98.6* *98.8*", "98.6 98.6 98.6 *98.8*")
NUMBER = re.compile(r"\*?\d+\.?\d*\*?")


def text(folder: Path, paper: str) -> str:
    return (folder / f"{FILES[paper]}.txt").read_text(encoding="utf-8")


def segments(folder: Path, paper: str) -> list[list[Fields]]:
    """Return each run of lines with tabs, as fields without markup but bold."""
    runs: list[list[Fields]] = [[]]
    for line in text(folder, paper).splitlines():
        if "\t" in line:
            runs[-1].append([_plain(field) for field in line.split("\t")])
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _plain(field: str) -> str:
    bold = re.sub(r"</?b>", "*", field)
    return re.sub(r"</?(u|sup|i)>", "", bold).strip().replace(*READ_TWICE)


def last(n: int) -> Callable[[Sequence[Fields]], Cells]:
    """Read tables with a label or several before n numbers, and headings without numbers."""

    def read(lines: Sequence[Fields]) -> Cells:
        tails = [[field for field in line if field][-n:] for line in lines]
        return [tail for tail in tails if all(NUMBER.fullmatch(x) or x == "-" for x in tail)]

    return read


def words(lines: Sequence[Fields]) -> Cells:
    return [[field] for _, field in lines[1:]]


def stacked(n: int, first: str) -> Callable[[Sequence[Fields]], Cells]:
    """Read tables whose lines hold several rows each: a field lists a column of them."""

    def read(lines: Sequence[Fields]) -> Cells:
        [start] = [i for i, line in enumerate(lines) if line[0].startswith(first)]
        return [
            list(row)
            for line in lines[start:]
            for row in zip(*(NUMBER.findall(x) for x in [x for x in line if x][-n:]), strict=True)
        ]

    return read


def left(lines: Sequence[Fields]) -> Cells:
    return [line[2:5] for line in lines[1:]]


def right(lines: Sequence[Fields]) -> Cells:
    tails = [NUMBER.findall(line[5])[-3:] for line in lines[1:]]
    return [tail for tail in tails if tail]


def features(lines: Sequence[Fields]) -> Cells:
    return [NUMBER.findall(" ".join(line[2:4])) for line in lines[1:]]


def last_number(lines: Sequence[Fields]) -> Cells:
    """Read the number that ends each line; a line without one has no cell."""
    ends = [re.search(r"(?<![\d.(])\d+\.\d$", " ".join(line).strip()) for line in lines]
    return [[end[0]] for end in ends if end]


def three_of_two(lines: Sequence[Fields]) -> Cells:
    """Read the left of two tables side by side: three numbers after the label."""
    found = [re.findall(r"(?<![\d.])\d+\.\d", " ".join(line[1:5])) for line in lines]
    return [numbers[:3] for numbers in found if len(numbers) >= 3]


def one_of_two(lines: Sequence[Fields]) -> Cells:
    """Read the right of two tables side by side: the number after the second label."""
    labels = r"\(Kauf|MLB|JSF|ActBERT|ClipBERT|MERLOT|VideoCLIP|TempCLR|Norton"
    found = []
    for line in lines:
        rest = " ".join(line[3:])
        if re.search(labels, rest):
            after = re.split(labels, rest)[-1]
            found.append([*re.findall(r"\d+\.\d", after), "?"][:1])
    return found


def minutes(lines: Sequence[Fields]) -> Cells:
    return [re.findall(r"[\d.]+", line[2]) for line in lines[1:]]


READERS: dict[str, tuple[int, Callable[[Sequence[Fields]], Cells]]] = {
    **{f"tokenflow-{i + 1}": (i, last(n)) for i, n in enumerate((10, 4, 4, 6, 4, 3))},
    **{f"ncl-{i + 1}": (i, last(10)) for i in range(5)},
    **{f"ucofia-{i + 9}": (i, last(n)) for i, n in enumerate((10, 10, 10, 3, 3, 3))},
    "modality-structure-1": (0, last(2)),
    "modality-structure-2": (1, last(4)),
    "modality-structure-3": (2, last(4)),
    "modality-structure-4": (4, last(4)),
    "modality-structure-5": (5, last(4)),
    "modality-structure-6": (6, last(2)),
    "modality-structure-7": (7, stacked(4, "Approach 2")),
    "modality-structure-8": (8, words),
    "norton-1": (1, left),
    "norton-2": (1, right),
    "norton-3": (2, features),
    "norton-4": (2, last_number),
    "norton-5": (3, three_of_two),
    "norton-6": (3, one_of_two),
    "norton-7": (4, stacked(6, "VideoCLIP")),
    "norton-8": (5, minutes),
    "norton-9": (6, last(1)),
}


def read(folder: Path, name: str) -> Cells:
    """Return the cells of a table as the paper's text has them."""
    paper = name.rpartition("-")[0]
    index, reader = READERS[name]
    return reader(segments(folder, paper)[index])
