"""Running a part of a test as numba compiles it for another kind of processor."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import prepared
import pytest
from numpy.typing import NDArray

AVX2 = ("+avx", "+avx2", "+fma")
KINDS = {"haswell": AVX2, "skylake-avx512": (*AVX2, "+avx512f")}
"""Processors by LLVM's names, and what is used of them."""
CODE = """
from numba.core.config import reload_config
reload_config()  # numba was imported before the variables were set
import {test} as t
print(t.{expression})
from numba.core.registry import cpu_target
assert cpu_target.target_context.codegen().magic_tuple()[1] == {kind!r}
"""


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
    other = {"NUMBA_CPU_NAME": kind, "NUMBA_CPU_FEATURES": ",".join(features)}
    code = CODE.format(kind=kind, test=Path(test).stem, expression=expression)
    with patch.dict(os.environ, other):
        path = [Path(test).parent, *map(Path, sys.path)]
        done = prepared.vrbench(Path.cwd(), path=path, code=code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _flags() -> str:
    try:
        said = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    return next((f"{line} " for line in said.splitlines() if line.startswith("flags")), "")
