r"""Tables as LaTeX: one ``table`` with a booktabs ``tabular`` for each section.

Needs ``\usepackage{booktabs}`` and, with pdflatex, ``\usepackage[T1]{fontenc}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vrbench.published import Cell
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
    "\u2020": r"\textdagger{}",
    "\u00d7": r"$\times$",
    "\u03b1": r"$\alpha$",
    "\u03bb": r"$\lambda$",
}
_TABLE = str.maketrans(_ESCAPES)


def latex(table: Table) -> str:
    """Render as LaTeX with booktabs; sources of measured rows and notes stand below."""
    parts = [r"% needs \usepackage{booktabs}"]
    parts += [_section(table, section) for section in table.sections if section.lines]
    if table.notes:
        items = "\n".join(f"  \\item {escape(note)}" for note in table.notes)
        parts.append(f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Return text with LaTeX's special characters escaped."""
    return text.translate(_TABLE)


def _section(table: Table, section: Section) -> str:
    caption = ". ".join(filter(None, (table.title, section.heading, section.about)))
    heads = [*section.heads, *(column.heading for column in section.columns)]
    measured = [i for i, line in enumerate(section.lines) if _measured(section, line)]
    marks = {i: number for number, i in enumerate(measured, 1)}
    sources = [f"[{number}] {section.lines[i].source}" for i, number in marks.items()]
    lines = [
        r"\begin{table}",
        rf"  \caption{{{escape(caption)}}}",
        r"  \centering",
        rf"  \begin{{tabular}}{{{'l' * len(section.heads)}{'r' * len(section.columns)}}}",
        r"    \toprule",
        _row(escape(head) for head in heads),
        r"    \midrule",
        *(_row(_cells(line, marks.get(i))) for i, line in enumerate(section.lines)),
        r"    \bottomrule",
        r"  \end{tabular}",
        *(rf"  \par\footnotesize {escape(text)}" for text in (*section.footnotes, *sources)),
        r"\end{table}",
    ]
    return "\n".join(lines)


def _measured(section: Section, line: Line) -> bool:
    return section.kind == "measured" and line.source != UNMEASURED


def _cells(line: Line, source: int | None) -> Iterator[str]:
    *first, last = map(escape, line.labels)
    letter = f" ({line.letter})" if line.letter else ""
    yield from first
    yield f"{last}{letter}{f' {{[}}{source}{{]}}' if source else ''}"
    yield from map(_cell, line.cells)


def _cell(cell: Cell) -> str:
    text = rf"\textbf{{{escape(cell.text)}}}" if cell.best else escape(cell.text)
    return rf"{text}\textsuperscript{{{cell.beats}}}" if cell.beats else text


def _row(cells: Sequence[str] | Iterator[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"
