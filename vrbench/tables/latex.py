r"""Tables as LaTeX: one ``table`` with a booktabs ``tabular`` for each section.

Needs ``\usepackage{booktabs}`` and, with pdflatex, ``\usepackage[T1]{fontenc}``; names in scripts
that pdflatex lacks need lualatex.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from vrbench.metrics.table import find
from vrbench.published import Cell, Column
from vrbench.published.table import prefixed
from vrbench.results.labels import DIRECTION_NAMES
from vrbench.tables.formats import UNMEASURED, Line, Section, Table

_ESCAPES = {
    **{char: "\\" + char for char in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # after the end of a row it would open an argument
    "]": "{]}",
    "\ufffd": "?",
    "\u2020": r"\textdagger{}",
    "\u00d7": r"$\times$",
    "\u03b1": r"$\alpha$",
    "\u03bb": r"$\lambda$",
}
_TABLE = str.maketrans(_ESCAPES)

NARROW = 5
"""Most columns of numbers in a table of one column; wider ones span both of a page in two."""
_PARAMETERS = re.compile(r":\S+?(?=, |[+\s]|$)")
"""Those of a spec, up to the next spec of a sum or a label."""
_COMMANDS = re.compile(r"[\\$^]")
"""What could mean anything to TeX; comments go without it."""
_SAME = ("dataset", "texts x videos")
"""Labels that move into the caption where all rows have the same."""


def latex(table: Table) -> str:
    """Render as LaTeX with booktabs: directions above their columns, banks and notes below.

    Rows have the names of their methods, with parameters only where rows of one name differ in
    them; where a measured row is from stands as a comment above it.
    """
    parts = [r"% needs \usepackage{booktabs}"]
    parts += [_section(table, section) for section in table.sections if section.lines]
    if table.notes:
        items = "\n".join(f"  \\item {escape(note)}" for note in table.notes)
        parts.append(f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Return text with LaTeX's special characters escaped."""
    return text.translate(_TABLE)


@dataclass(frozen=True)
class _Labels:
    """The label columns of a section, as LaTeX shows them.

    Attributes:
        heads: of the columns.
        rows: (lines, heads).
        same: what all rows share, for the caption.
        banks: of the footnotes, in their order.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    same: tuple[str, ...]
    banks: tuple[str, ...]


def _section(table: Table, section: Section) -> str:
    labels = _labels(section)
    about = [part for part in section.about.split("; ") if not part.startswith("bank ")]
    data = "; ".join(filter(None, (*labels.same, *about)))
    caption = ". ".join(filter(None, (table.title, section.heading, data)))
    kind = "table" if len(section.columns) <= NARROW else "table*"
    notes = [rf"\textsuperscript{{{i}}} Bank {escape(b)}." for i, b in enumerate(labels.banks, 1)]
    notes += map(escape, (*section.footnotes, *_meant(section)))
    lines = [
        rf"\begin{{{kind}}}",
        rf"  \caption{{{escape(caption)}}}",
        r"  \centering\footnotesize\setlength{\tabcolsep}{4pt}",
        rf"  \begin{{tabular}}{{{'l' * len(labels.heads)}{'r' * len(section.columns)}}}",
        r"    \toprule",
        *_heads(labels.heads, section),
        r"    \midrule",
        *_rows(section, labels.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        *(rf"  \par {text}" for text in notes),
        rf"\end{{{kind}}}",
    ]
    return "\n".join(lines)


def _labels(section: Section) -> _Labels:
    named = [dict(zip(section.heads, line.labels, strict=True)) for line in section.lines]
    same = tuple(head for head in _SAME if len({row.get(head) for row in named}) == 1)
    same = tuple(head for head in same if head in section.heads)
    heads = tuple(head for head in section.heads if head not in (*same, "bank"))
    long = []
    for line, row in zip(section.lines, named, strict=True):
        found = [row[head] for head in heads]
        long.append((*found[:-1], line.brief or found[-1]))
    banks = tuple(dict.fromkeys(line.bank for line in section.lines if line.bank))
    marks = [banks.index(line.bank) + 1 if line.bank else 0 for line in section.lines]
    measured = section.kind == "measured"
    brief = [tuple(_PARAMETERS.sub("", t) if measured else t for t in row) for row in long]
    known = Counter(zip(brief, marks, strict=True))
    rows = [
        _marked(line, short if known[short, mark] == 1 else whole, mark)
        for line, short, whole, mark in zip(section.lines, brief, long, marks, strict=True)
    ]
    shared = tuple(f"{head} {named[0][head]}" for head in same)
    return _Labels(heads, tuple(rows), shared, banks)


def _marked(line: Line, labels: tuple[str, ...], mark: int) -> tuple[str, ...]:
    """Return escaped labels; the last has the row's letter, and the number of its bank."""
    *first, last = map(escape, labels)
    last += rf"\textsuperscript{{{mark}}}" if mark else ""
    return (*first, last + (f" ({line.letter})" if line.letter else ""))


def _heads(labels: Sequence[str], section: Section) -> Iterator[str]:
    """Yield the rows of headings: directions above metrics where a column has one."""
    groups = [(name, len(list(group))) for name, group in groupby(section.columns, _group)]
    if any(name for name, _ in groups):
        above = [rf"\multicolumn{{{n}}}{{c}}{{{escape(name)}}}" for name, n in groups]
        yield _row([*[""] * len(labels), *above])
        yield "    " + "".join(_rules(groups, len(labels) + 1))
    metrics = (_brief(section, one)[0] for one in section.columns)
    yield _row(map(escape, (*labels, *metrics)))


def _brief(section: Section, column: Column) -> tuple[str, str]:
    """Return a column's heading without its direction, as short as results have it, and meaning."""
    metric = find(column.metric) if section.kind == "measured" else None
    if metric is not None and metric.brief and metric.legend:
        return metric.brief, metric.legend
    return f"{column.metric}{column.heading.removeprefix(column.label)}", ""


def _meant(section: Section) -> Iterator[str]:
    """Yield what brief headings mean."""
    found = dict.fromkeys(_brief(section, column)[1] for column in section.columns)
    if said := "; ".join(filter(None, found)):
        yield f"{said}."


def _group(column: Column) -> str:
    name = DIRECTION_NAMES[column.direction] if column.direction else ""
    return prefixed(name, column.dataset, column.setting)


def _rules(groups: Sequence[tuple[str, int]], start: int) -> Iterator[str]:
    for name, n in groups:
        if name:
            yield rf"\cmidrule(lr){{{start}-{start + n - 1}}}"
        start += n


def _rows(section: Section, labels: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines, and before a measured one where it is from, as a comment."""
    for line, names in zip(section.lines, labels, strict=True):
        if section.kind == "measured" and line.source != UNMEASURED:
            yield f"    % {_COMMANDS.sub('?', line.source)}"
        yield _row([*names, *map(_cell, line.cells)])


def _cell(cell: Cell) -> str:
    text = rf"\textbf{{{escape(cell.text)}}}" if cell.best else escape(cell.text)
    return rf"{text}\textsuperscript{{{cell.beats}}}" if cell.beats else text


def _row(cells: Sequence[str] | Iterator[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"
