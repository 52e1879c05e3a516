"""The demo on the bundled features against the table of docs/alignments.md."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from smoke.running import run

PAGE = Path(__file__).parents[2] / "docs" / "alignments.md"
METHODS = ("global", "uniform", "max-avg", "scan", "tokenflow")
METRICS = ("R@1", "R@5", "R@10", "MdR", "MnR")


def same_as_docs() -> int:
    """Evaluate on the bundled features and compare; how many numbers were compared.

    Raises:
        SystemExit: a number is another one than docs/alignments.md has.
    """
    words = [word for method in METHODS for word in ("--method", method)]
    out = run("eval", *words, "--norm", "none", "--norm", "ncl", "--json")
    table, compared = _table(), 0
    for result in json.loads(out):
        for found, said in zip(_numbers(result), table[_name(result)], strict=True):
            compared += 1
            if found != said:
                sys.exit(f"{_name(result)}: {found}, docs/alignments.md has {said}")
    return compared


def _name(result: dict[str, Any]) -> tuple[str, str]:
    return result["method"], "none" if result["norm"] == "none" else f"{result['norm']}, train"


def _numbers(result: dict[str, Any]) -> list[str]:
    metrics = result["metrics"]
    return [f"{metrics[way][metric]:.1f}" for way in ("t2v", "v2t") for metric in METRICS]


def _table() -> dict[tuple[str, str], list[str]]:
    """Method and norm -> the metrics of both directions as docs/alignments.md prints them."""
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    found = {}
    for method, norm, numbers in rows:
        cells = numbers.split(" | ")
        # error and never stand behind the metrics of each direction
        found[method, norm] = cells[:5] + cells[7:12]
    return found
