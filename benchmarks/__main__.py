"""Run every benchmark and write ``benchmarks/results.md``; names as arguments run only those."""

from __future__ import annotations

import platform
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from benchmarks.base import Claim
from vrbench import __version__

NAMES = (
    "alignments",
    "solvers",
    "growth",
    "normalizations",
    "measuring",
    "features",
    "sequences",
    "extraction",
)
HEAD = """# Measured claims

Ratios of two sides timed in turn in one process, in CPU seconds: the median of the rounds, with the
smallest and largest. `make bench` makes this file again.

"""


def main(chosen: list[str]) -> None:
    """Run the benchmarks and write the report."""
    sections = []
    for name in chosen or NAMES:
        module = import_module(f"benchmarks.{name}")
        lines = [f"## {name}", "", (module.__doc__ or "").strip(), ""]
        lines += ["| claim | ratio | spread | target | met |", "|---|---:|---|---:|---|"]
        for claim in module.claims():
            lines.append(_row(claim))
            sys.stderr.write(lines[-1] + "\n")
        sections.append("\n".join(lines))
    report = HEAD + "\n\n".join([_machine(), *sections]) + "\n"
    if chosen:
        sys.stdout.write(report)
    else:
        (Path(__file__).parent / "results.md").write_text(report)


def _row(claim: Claim) -> str:
    sign = ">=" if claim.at_least else "<="
    target = "" if claim.target is None else f"{sign} {claim.target:g}"
    spread = f"{claim.low:.2f} to {claim.high:.2f}"
    return f"| {claim.what} | {claim.ratio:.3g} | {spread} | {target} | {claim.met} |"


def _machine() -> str:
    return (
        f"vrbench {__version__}, Python {platform.python_version()}, numpy {np.__version__}, torch "
        f"{torch.__version__}, {platform.machine()}, {torch.backends.cpu.get_cpu_capability()}."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
