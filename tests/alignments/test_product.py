"""Products by numpy have the same bits wherever they stand, with the kernels that do them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from vrbench.alignments.engine import product as engine
from vrbench.alignments.engine.panels import GRID
from vrbench.alignments.engine.product import REPEATABLE, one_thread_each, product

threadpoolctl = pytest.importorskip("threadpoolctl")

LAW = """
from test_product import check
check()
"""


def check() -> None:
    """Compare the products of whole panels with those of their smallest parts."""
    engine.by_numpy = lambda: True  # type: ignore[assignment]
    found = {one["architecture"] for one in libraries()}
    assert found == {os.environ["OPENBLAS_CORETYPE"]}, found
    rng = np.random.default_rng(0)
    for kind, width in ((torch.float32, 3), (torch.float32, 520), (torch.float64, 130)):
        sides = (rng.standard_normal((n * GRID, width)) for n in (21, 24))
        x, y = (torch.as_tensor(side, dtype=kind) for side in sides)
        whole = product(x, y)
        assert torch.allclose(whole.double(), x.double() @ y.double().T, atol=1e-3)
        for i in range(0, len(x), GRID):
            for n in (GRID, 5 * GRID, len(y)):
                part = product(x[i : i + GRID], y[len(y) - n :])
                assert torch.equal(part, whole[i : i + GRID, len(y) - n :])


def libraries() -> list[dict[str, str]]:
    found = threadpoolctl.threadpool_info()
    return [one for one in found if one["internal_api"] == "openblas"]


def has_avx512() -> bool:
    try:
        return " avx512bw " in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False


@pytest.mark.skipif(not has_avx512() or not libraries(), reason="needs AVX-512 and OpenBLAS")
def test_the_law_holds_for_kernels_of_avx_512() -> None:
    kernels = REPEATABLE[0]  # the others need more of a processor
    environment = {**os.environ, "OPENBLAS_CORETYPE": kernels}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", LAW], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_other_kernels_are_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: True)
    for vendor, kernels, by_numpy in (
        ("AuthenticAMD", "SkylakeX", True),
        ("AuthenticAMD", "Haswell", False),
        ("GenuineIntel", "SkylakeX", False),
    ):
        library = SimpleNamespace(
            info=lambda name=kernels: [{"internal_api": "openblas", "architecture": name}]
        )
        monkeypatch.setattr(engine, "_libraries", lambda library=library: library)
        monkeypatch.setattr(engine, "_processor", lambda vendor=vendor: f"vendor_id : {vendor}")
        assert engine.by_numpy.__wrapped__() == by_numpy


@pytest.mark.skipif(not libraries(), reason="numpy has another library")
def test_threads_share_one_limit_and_the_last_one_lifts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "by_numpy", lambda: True)

    def threads() -> set[int]:
        return {int(one["num_threads"]) for one in libraries()}

    before = threads()
    first, second = one_thread_each(), one_thread_each()
    first.__enter__()
    second.__enter__()
    assert threads() == {1}
    first.__exit__(None, None, None)
    assert threads() == {1}
    second.__exit__(None, None, None)
    assert threads() == before
