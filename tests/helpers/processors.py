"""Running a part of a test as numba compiles it for another kind of processor."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

AVX2 = ("+avx", "+avx2", "+fma")
KINDS = {"haswell": AVX2, "skylake-avx512": (*AVX2, "+avx512f")}
"""Processors by LLVM's names, and what is used of them."""


def digest(*arrays: NDArray[Any]) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def digest_on(kind: str, test: str, function: str) -> str:
    """Return what ``function()`` of a test file prints where numba compiles for another kind."""
    if any(f"{name[1:]} " not in _flags() for name in KINDS[kind]):
        pytest.skip("this processor does not have these instructions")
    return print_on(kind, KINDS[kind], test, f"{function}()")


def print_on(kind: str, features: tuple[str, ...], test: str, expression: str) -> str:
    """Return an expression's value in a test file, where numba compiles for another kind.

    What is only compiled, and not called, need not be code for this processor.
    """
    environment = {
        **os.environ,
        "NUMBA_CPU_NAME": kind,
        "NUMBA_CPU_FEATURES": ",".join(features),
        "PYTHONPATH": os.pathsep.join([str(Path(test).parent), *sys.path]),
    }
    code = f"import {Path(test).stem} as t; print(t.{expression})"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _flags() -> str:
    try:
        said = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    return next((f"{line} " for line in said.splitlines() if line.startswith("flags")), "")
