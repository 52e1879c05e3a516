"""Printing what a method is: formula, source, and each parameter by itself."""

from __future__ import annotations

from textwrap import wrap

from vrbench.cli.printing.listing import plain
from vrbench.cli.printing.terminal import console
from vrbench.registry import Explained


def print_explained(name: str, found: Explained) -> None:
    """Print on stdout how a method is computed and what each of its parameters means."""
    out = console()
    source = f" [{found.source}]" if found.source else ""
    summary = f": {plain(found.summary)}" if found.summary else ""
    out.print(f"{name}{summary}{source}")
    for paragraph in found.body:
        out.print()
        for line in paragraph.splitlines():
            out.print(plain(line))
    out.print()
    if not found.parameters:
        out.print("No parameters.")
        return
    out.print("Parameters, with their defaults:")
    heads = [f"{one.name}={one.default}" if one.default else one.name for one in found.parameters]
    indent = max(map(len, heads)) + 4
    for head, one in zip(heads, found.parameters, strict=True):
        words = f" ({' | '.join(one.values)})" if one.values else ""
        text = f"  {head}".ljust(indent) + plain(one.text) + words
        for line in wrap(text, out.width, subsequent_indent=" " * indent, drop_whitespace=True):
            out.print(line)
