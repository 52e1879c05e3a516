"""Run every benchmark and write ``benchmarks/results.md``; names as arguments run only those."""

from __future__ import annotations

import os
import platform
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from benchmarks.base import Claim
from vrbench import __version__

NAMES = (
    "alignments",
    "folding",
    "workers",
    "cluster",
    "training",
    "epoch",
    "solvers",
    "growth",
    "memory",
    "normalizations",
    "kin",
    "measuring",
    "features",
    "sequences",
    "extraction",
    "whole",
)
HEAD = """# Measured claims

Ratios of two sides timed in turn in one process, in CPU seconds where nothing else is said: the
median of the rounds, with the smallest and largest. `make bench` makes this file again.

"""


def main(chosen: list[str]) -> None:
    """Run the benchmarks and write the report."""
    sections = []
    for name in chosen or NAMES:
        module, start = import_module(f"benchmarks.{name}"), time.monotonic()
        lines = [f"## {name}", "", (module.__doc__ or "").strip(), ""]
        lines += ["| claim | ratio | spread | target | met |", "|---|---:|---|---:|---|"]
        for claim in module.claims():
            lines.append(_row(claim))
            sys.stderr.write(lines[-1] + "\n")
        lines += ["", f"In {(time.monotonic() - start) / 60:.1f} minutes."]
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
        f"{torch.__version__}, {_processor()}, {torch.backends.cpu.get_cpu_capability()}, "
        f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} at the end."
    )


def _processor() -> str:
    """Return its name, as the system says it: ratios differ between processors."""
    try:
        said = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        said = ""
    names = [line.partition(":")[2].strip() for line in said.splitlines() if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main(sys.argv[1:])
