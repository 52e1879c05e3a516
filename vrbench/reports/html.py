"""Self-contained HTML pages: no network, tables that sort on a click, pictures as data URIs."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from string import Template
from typing import Any

from vrbench.runtime.printable import one_line

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem;
  color: #1a1a1a; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2.2rem } h3 { font-size: 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: .6rem 0 1rem; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .7rem; text-align: left; vertical-align: top; white-space: nowrap }
td.number, th.number { text-align: right }
td.best { font-weight: 700 }
summary { cursor: pointer; margin: .4rem 0 }
details { border-left: 3px solid #ddd; padding-left: .8rem }
td.text { white-space: normal; min-width: 12rem }
thead th { border-bottom: 2px solid #444 } tbody tr { border-bottom: 1px solid #ddd }
tr.right { font-weight: 600; background: #eef4ee }
th button { font: inherit; font-weight: 600; border: 0; background: none; padding: 0 }
th button:hover { text-decoration: underline; cursor: pointer }
th button::after { content: " \\2195"; color: #999 }
th[aria-sort=ascending] button::after { content: " \\2191"; color: #000 }
th[aria-sort=descending] button::after { content: " \\2193"; color: #000 }
.note { color: #555; font-size: .9rem }
.beside { display: flex; flex-wrap: wrap; column-gap: 2.5rem }
.beside > section { max-width: 100% } td.wrap { white-space: normal; max-width: 28rem }
img { max-width: 100%; height: auto } img.frame { max-width: none; height: 72px; margin-right: 2px }
</style>
</head>
<body>
<h1>$title</h1>
$body
<script>
for (const button of document.querySelectorAll("th button")) button.onclick = () => {
  const head = button.parentElement, body = head.closest("table").tBodies[0];
  const up = head.getAttribute("aria-sort") === "descending";
  for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const key = row => row.cells[head.cellIndex].dataset.value ?? row.cells[head.cellIndex].innerText;
  const order = (a, b) => {
    const [x, y] = [key(a), key(b)], [m, n] = [parseFloat(x), parseFloat(y)];
    if (isNaN(m) !== isNaN(n)) return isNaN(m) ? 1 : -1;
    return (up ? 1 : -1) * (isNaN(m) ? x.localeCompare(y) : m - n);
  };
  body.append(...[...body.rows].sort(order));
};
</script>
</body>
</html>
""")


def escape(words: str) -> str:
    """Return text of a file as HTML, in an element or an attribute."""
    return html.escape(one_line(words))


def page(title: str, body: Sequence[str]) -> str:
    """Return a whole page; ``title`` is text, the parts of ``body`` are HTML."""
    return _PAGE.substitute(title=escape(title), body="\n".join(body))


def heading(text: str, level: int = 2) -> str:
    """Return a heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, note: bool = False) -> str:
    """Return a paragraph."""
    return f"<p{' class=note' if note else ''}>{escape(text)}</p>"


def folded(title: str, body: Sequence[str]) -> str:
    """Return parts that a click on their title unfolds."""
    return f"<details><summary>{escape(title)}</summary>{chr(10).join(body)}</details>"


def picture(data: bytes, kind: str, about: str, css: str = "") -> str:
    """Return a picture that the page itself holds; ``kind`` is ``png``, ``jpeg`` or ``svg+xml``."""
    encoded = base64.b64encode(data).decode()
    mark = f' class="{css}"' if css else ""
    return f'<img{mark} src="data:image/{kind};base64,{encoded}" alt="{escape(about)}">'


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[Any]],
    marked: Sequence[bool] = (),
    sortable: bool = True,
) -> str:
    """Return a table.

    Args:
        head: column headings.
        rows: a cell each: text; a number, shown to three digits and sorted in full; (text, value),
            shown as text and sorted by value; (text, value, whether in bold); or ``Html``.
        marked: rows that stand out.
        sortable: whether a click on a heading sorts.
    """
    numbers = [
        any(isinstance(row[i], (int, float, tuple)) for row in rows) for i in range(len(head))
    ]
    names = [f"<button>{escape(name)}</button>" if sortable else escape(name) for name in head]
    cells = "".join(
        f"<th scope=col{' class=number' if n else ''}>{name}</th>"
        for name, n in zip(names, numbers, strict=True)
    )
    lines = []
    for i, row in enumerate(rows):
        css = " class=right" if i < len(marked) and marked[i] else ""
        lines.append(f"<tr{css}>{''.join(map(_cell, row))}</tr>")
    inner = f"<thead><tr>{cells}</tr></thead>\n<tbody>\n{chr(10).join(lines)}\n</tbody>"
    return f"<div class=wide><table>{inner}</table></div>"


class Html(str):
    """Text that is HTML already."""


def _cell(value: Any) -> str:
    if isinstance(value, Html):
        return f"<td class=wrap>{value}</td>"
    if isinstance(value, tuple):
        text, number, *best = value
        css = "number best" if any(best) else "number"
        return f'<td class="{css}" data-value="{number}">{escape(text)}</td>'
    if isinstance(value, (int, float)):
        return f'<td class=number data-value="{value}">{value:.3g}</td>'
    return f"<td{' class=text' if len(value) > 30 else ''}>{escape(value)}</td>"
