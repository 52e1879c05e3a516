"""A page of each registered method: formula, parameters, source, deviations and cost."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from vrbench.cli.catalogue import registry_of
from vrbench.registry import Explained, explain

HERE = Path(__file__).parent
FORMULAS: dict[str, dict[str, str]] = tomllib.loads((HERE / "formulas.toml").read_text("utf-8"))
"""LaTeX by kind and name."""

KINDS = {
    "methods": ("Alignments", "vrbench eval --method {}"),
    "norms": ("Normalizations", "vrbench eval --method global --norm {}"),
    "sequences": ("Sequence alignments", "vrbench eval clips.h5 --method global --sequence {}"),
    "heads": ("Heads", "vrbench train {} train.h5 --out head.safetensors"),
    "losses": ("Losses", "vrbench train linear train.h5 --loss {} --out head.safetensors"),
    "figures": ("Figures", "vrbench plot {}"),
    "encoders": ("Encoders", ""),
    "datasets": ("Datasets", ""),
    "rules": ("Audit rules", "vrbench audit sims.npz --rule {}"),
}
"""Title of each kind, and a command that uses one."""


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each page, the page of each kind first."""
    for kind, (title, command) in KINDS.items():
        classes = registry_of(kind).classes()
        found = {name: explain(cls) for name, cls in classes.items()}
        yield f"{kind}/index.md", _overview(kind, title, found)
        for name, one in found.items():
            yield f"{kind}/{name}.md", _page(kind, name, one, command)


def _overview(kind: str, title: str, found: dict[str, Explained]) -> str:
    rows = [
        f"| [`{name}`]({name}.md) | {_cell(one.summary)} | {_cell(one.source)} |"
        for name, one in found.items()
    ]
    tree = ["```{toctree}", ":hidden:", "", *found, "```"]
    about = f"What `vrbench list {kind}` prints, with a page of each."
    head = ["| name | what it is | source |", "|---|---|---|"]
    return "\n".join([f"# {title}", "", about, "", *head, *rows, "", *tree, ""])


def _page(kind: str, name: str, one: Explained, command: str) -> str:
    parts = [f"# `{name}`", _text(one.summary)]
    if formula := FORMULAS.get(kind, {}).get(name):
        parts += [f"```{{math}}\n{line}\n```" for line in re.split(r", *\\quad", formula)]
    parts += map(_text, one.body)
    if one.parameters:
        rows = [
            f"| `{p.name}` | {f'`{p.default}`' if p.default else 'to be given'} "
            f"| {_cell(p.text)}{_words(p.values)} |"
            for p in one.parameters
        ]
        head = ["| key | default | meaning |", "|---|---|---|"]
        parts += ["## Parameters", "\n".join([*head, *rows])]
    if cost := list(_costs(name)) if kind in ("methods", "norms") else []:
        about = "Measured by `make bench` ([all claims](../../benchmarks/results.md)):"
        head = ["| claim | ratio |", "|---|---:|"]
        parts += ["## Cost", about, "\n".join([*head, *cost])]
    if command:
        parts += ["## Try it", f"```sh\n{command.format(name)}\n```"]
    return "\n\n".join(parts) + "\n"


def _text(paragraph: str) -> str:
    """Return a paragraph of a docstring as Markdown: what it writes as lists stays a list."""
    return re.sub(r"``(.+?)``", r"`\1`", paragraph, flags=re.DOTALL).replace("<", "&lt;")


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|").replace("\n", " ")


def _words(values: tuple[str, ...]) -> str:
    return f" One of {', '.join(f'`{value}`' for value in values)}." if values else ""


def _costs(name: str) -> Iterator[str]:
    """Yield the rows of the measured claims that begin with the name of a method."""
    results = (HERE.parents[1] / "benchmarks" / "results.md").read_text(encoding="utf-8")
    for claim, ratio in re.findall(r"^\| (.+?) \| ([\d.]+) \|", results, re.MULTILINE):
        if re.match(rf"{re.escape(name)}(?![\w-])", claim):
            yield f"| {claim} | {ratio} |"
