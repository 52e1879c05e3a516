"""What grows in a loop of our kernels stays in registers: memory would take twice the time."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from processors import AVX2, print_on

from vrbench.runtime.compiling import available, compiled

pytestmark = pytest.mark.skipif(
    not available() or platform.machine() not in ("x86_64", "AMD64"),
    reason="needs numba, and its compiler for x86",
)

AVX512 = (*AVX2, "+avx512f")
PROCESSORS = {
    **dict.fromkeys(("haswell", "skylake", "alderlake", "znver1", "znver2", "znver3"), AVX2),
    **dict.fromkeys(("skylake-avx512", "icelake-server", "sapphirerapids", "znver4"), AVX512),
}
"""By LLVM's names: it orders instructions for each in another way."""
KERNELS = {
    "products": "vrbench.alignments.engine.reductions:best",  # as a stream
    "doubles": "vrbench.alignments.engine.microkernel:multiply",
    "sinkhorn": "vrbench.normalizations.fused:both_sides",
    "plans": "vrbench.sequences.engine.kernels:solve",
}


def assemblies() -> str:
    """Return the machine code of the kernels as JSON."""
    return json.dumps({name: assembly(name) for name in KERNELS})


def assembly(name: str) -> str:
    """Return a kernel's machine code, compiled anew."""
    from numba import types

    whole, f4, f8 = types.int64, types.float32, types.float64
    one, rows = types.Array(f4, 1, "C"), types.Array(f4, 2, "C")
    ones, cube = types.Array(f8, 1, "C"), types.Array(f8, 3, "C")
    blocks, groups = types.Array(f4, 3, "C"), types.Array(whole, 2, "C")
    given: dict[str, tuple[Any, ...]] = {
        "products": (blocks, blocks, *(rows,) * 4, groups, groups, whole, f4, rows, one, one),
        "doubles": (ones,) * 3 + (whole,) * 5,
        "sinkhorn": (rows, one, ones, ones, ones, rows, types.boolean),
        "plans": (cube, f8, f8, ones, ones, whole, ones, cube, ones, ones),
    }
    module, function = KERNELS[name].split(":")
    plain = getattr(import_module(module), function)
    if name == "products":
        from vrbench.alignments.engine.streaming import streamed

        plain = streamed(plain)
    kernel = compiled(plain, contract=name in ("doubles", "sinkhorn"))
    kernel.compile(given[name])
    return str(kernel.inspect_asm(given[name]))


def loops(code: str) -> Iterator[str]:
    """Yield the innermost loops that multiply and add vectors."""
    for label, body in re.findall(r"^(\S+):\n((?:(?!^\S+:).*\n)*?.*\bj\w+\s+\1)$", code, re.M):
        if re.search(r"vfmadd\w+p[sd]\b", body):
            yield f"{label}:\n{body}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", PROCESSORS)
def test_sums_stay_in_registers(kind: str, monkeypatch: Any, tmp_path: Any) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    compiled_for = json.loads(print_on(kind, PROCESSORS[kind], __file__, "assemblies()"))
    assert compiled_for.keys() == KERNELS.keys()
    for name, code in compiled_for.items():
        found = list(loops(code))
        assert found, name
        for loop in found:
            stored = re.findall(r".*%[xyz]mm\d+, .*\(%rsp.*", loop)
            assert not stored, f"{name}: {loop}"
