from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_features import write_features

from vrbench.runtime.compiling import _called, available, made_from

pytestmark = pytest.mark.skipif(not available(), reason="numba is not installed")

KERNEL = """
from helper import factor

def kernel(x):
    return factor() * x
"""
RUN = """
from kernel import kernel
from vrbench.runtime.compiling import _called, compiled
print(compiled(kernel)(7))
"""


def run(folder: Path, code: str = RUN) -> str:
    path = os.pathsep.join([str(folder), *sys.path])
    where = {**os.environ, "PYTHONPATH": path, "NUMBA_CACHE_DIR": str(folder / "cache")}
    done = subprocess.run([sys.executable, "-c", code], env=where, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def test_what_was_compiled_is_kept_until_a_file_changes_that_it_was_made_from(
    tmp_path: Path,
) -> None:
    (tmp_path / "kernel.py").write_text(KERNEL)
    (tmp_path / "helper.py").write_text("def factor():\n    return 2\n")
    assert run(tmp_path) == "14"
    kept = set(tmp_path.rglob("*.nbi"))
    assert kept
    assert run(tmp_path) == "14"
    assert set(tmp_path.rglob("*.nbi")) == kept
    (tmp_path / "helper.py").write_text("def factor():\n    return 31\n")
    assert run(tmp_path) == "217"


def test_a_number_that_another_module_holds_counts_by_its_value(tmp_path: Path) -> None:
    (tmp_path / "kernel.py").write_text(
        KERNEL.replace("factor()", "FACTOR").replace("factor", "FACTOR")
    )
    (tmp_path / "helper.py").write_text("FACTOR = 2\n")
    assert run(tmp_path) == "14"
    (tmp_path / "helper.py").write_text("FACTOR = 31\n")
    assert run(tmp_path) == "217"


def test_a_kernel_is_made_from_the_modules_whose_classes_it_derives_from() -> None:
    from vrbench.alignments.engine import backward

    _, files = made_from([backward.best])
    assert {"backward.py", "reductions.py", "rules.py", "pairs.py"} <= {file.name for file in files}


def test_a_kernel_that_stands_in_no_file_is_compiled(tmp_path: Path) -> None:
    assert run(tmp_path, "def kernel(x):\n    return 3 * x\n" + RUN.split("\n", 2)[2]) == "21"


@pytest.mark.parametrize("method", ["global", "tokenflow", "emd"])
def test_where_numba_is_told_not_to_compile_all_goes_without_it(
    method: str, tmp_path: Path
) -> None:
    features = write_features(tmp_path / "f.h5")
    done = subprocess.run(
        [sys.executable, "-m", "vrbench", "eval", features, "--method", method, "--out", tmp_path],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize("how", [("emd", "--no-matrix"), ("emd",), ("lse",), ("max-sum",)])
def test_each_kernel_is_compiled_by_itself(how: tuple[str, ...], tmp_path: Path) -> None:
    """Nothing is compiled yet, and nothing else was used before."""
    features = write_features(tmp_path / "f.h5")
    done = subprocess.run(
        [sys.executable, "-m", "vrbench", "eval", features, "--method", *how, "--out", tmp_path],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert list((tmp_path / "cache").rglob("*.nbi"))


TWO_THREADS = """
import sys
from importlib import import_module
from threading import Barrier, Thread

names = sys.argv[1:]
begun, found = Barrier(len(names)), []

def load(name):
    begun.wait()
    import_module(name)
    found.append(name)

threads = [Thread(target=load, args=(name,)) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(len(names) - len(found))
"""
KERNELS = (
    "vrbench.normalizations.fused",
    "vrbench.sequences.engine.kernels",
    "vrbench.alignments.engine.microkernel",
)


@pytest.mark.parametrize("names", [KERNELS[:2], KERNELS[1:], KERNELS[::2], ("numba", KERNELS[0])])
def test_two_threads_may_be_the_first_to_need_kernels(names: tuple[str, ...]) -> None:
    """A norm may begin while another method is aligned."""
    done = subprocess.run([sys.executable, "-c", TWO_THREADS, *names], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_what_a_comprehension_calls_is_found() -> None:
    def kernel(x: list[int]) -> list[int]:
        return [_twice(each) for each in x]

    assert _called(kernel) == [_twice, _more]


def _twice(x: int) -> int:
    return _more(x) + x


def _more(x: int) -> int:
    return x
