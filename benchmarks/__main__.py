"""Run the benchmarks and write their sections of ``benchmarks/results.md``.

Names as arguments run only those; the other sections stay as they are. A section names the machine
that it was measured on.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from benchmarks.base import Claim, fastest
from vrbench import __version__

NAMES = (
    "alignments",
    "products",
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
median of the rounds, with the smallest and largest. `make bench` makes this file again,
`python -m benchmarks NAME` one section of it. Each section ends with the machine that measured it.
"""
RESULTS = Path(__file__).parent / "results.md"
SECTION = "\n\n## "


def main(chosen: list[str]) -> None:
    """Run the benchmarks and write the report after each."""
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        raise SystemExit(f"No benchmark {unknown[0]}; there are {', '.join(NAMES)}.")
    known = sections(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    for name in chosen or NAMES:
        known[name] = _measured(name)
        parts = [HEAD.strip(), *(known[each] for each in NAMES if each in known)]
        RESULTS.write_text(SECTION.join(parts) + "\n", "utf-8")


def sections(report: str) -> dict[str, str]:
    """Return the sections of a report by their names, each without the marks of its heading."""
    return {part.partition("\n")[0]: part for part in report.rstrip().split(SECTION)[1:]}


def _measured(name: str) -> str:
    module, start = import_module(f"benchmarks.{name}"), time.monotonic()
    before = os.getloadavg()[0]
    lines = [name, "", (module.__doc__ or "").strip(), ""]
    lines += ["| claim | ratio | spread | target | met |", "|---|---:|---|---:|---|"]
    for claim in module.claims():
        lines.append(_row(claim))
        sys.stderr.write(lines[-1] + "\n")
    minutes = (time.monotonic() - start) / 60
    return "\n".join([*lines, "", f"In {minutes:.1f} minutes. {_machine(before)}"])


def _row(claim: Claim) -> str:
    sign = ">=" if claim.at_least else "<="
    target = "" if claim.target is None else f"{sign} {claim.target:g}"
    spread = f"{claim.low:.2f} to {claim.high:.2f}"
    return f"| {claim.what} | {claim.ratio:.3g} | {spread} | {target} | {claim.met} |"


def _machine(before: float) -> str:
    return (
        f"vrbench {__version__}, Python {platform.python_version()}, numpy {np.__version__}, torch "
        f"{torch.__version__}, {_processor()}, {torch.backends.cpu.get_cpu_capability()}, "
        f"floor by {fastest()}, "
        f"{len(os.sched_getaffinity(0))} cores, load {before:.1f} before."
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
