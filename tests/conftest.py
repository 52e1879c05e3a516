"""Where the shared research data is, what tests do without it, and a folder for commands."""

from __future__ import annotations

import gc
import os
import signal

if "PYTEST_XDIST_WORKER" in os.environ:
    # workers share the cores: threads of BLAS would wait for each other (see ``all_threads``)
    for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.testing
from small_features import write_features

gc.disable()  # until all is imported and collected

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # as of a shell's background job: the commands that tests interrupt would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS = Path(__file__).parent
DATA = TESTS.parents[1] / "shared" / "data"
PAPERS = DATA.parent / "papers"

LOOKING = ("cli", "encoders", "features", "runtime", "sims", "video")
"""Rooms in which a child process looks at each feature file first, as everywhere for users.

Every command runs in the first; the others are about files that may be bad. So are the modules
outside of the rooms.
"""

SLOW = (
    *("test_alignment_bits", "test_alignment_laws", "test_cli_process", "test_compiling"),
    *("test_faults", "test_ghosts", "test_kills", "test_memory", "test_nothing_else_is_touched"),
    *("test_apart", "test_fuzz_harness", "test_hostile_strings", "test_simplex", "test_contract"),
    *("test_carrying_on", "test_cut_captions", "test_cut_by_models", "test_figures"),
    *("test_frame_order", "test_merging"),
    *("test_promises", "test_reproduce", "test_s3d_net", "test_sequence_commands"),
    *("test_sequence_figures", "test_text_batch", "test_batch", "test_learnt", "test_training"),
    *("test_resume", "test_train_head", "test_tuning", "test_sanity", "test_inspect"),
    *("test_banks", "test_cli_refusals", "test_cli_eval", "test_cli_sims", "test_grid"),
    *("test_sequencing", "test_extract", "test_overlap", "test_cli_eval_stopped"),
    *("test_head_commands", "test_reproduce_heads", "test_elsewhere", "test_lost_workers"),
    *("test_going_on", "test_elsewhere_commands"),
    *("test_tuning_all", "test_folds", "test_judged", "test_page_commands"),
)
"""Modules whose tests start processes, or take seconds together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and what needs the shared data."""
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker("slow")
        if {"shared_data", "shared_papers"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("data")


def pytest_collection_finish() -> None:
    """Libraries and tests stay to the end: the garbage collector need not walk through them."""
    gc.freeze()
    gc.enable()
    # the command line is the same each time: it takes longer to build than most commands to run
    vars(typer.testing)["_get_command"] = cache(typer.main.get_command)


@pytest.fixture(autouse=True)
def _look_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In rooms that are not about bad files this process looks itself: a fork takes its time."""
    if request.path.parent.name not in (*LOOKING, TESTS.name):
        from vrbench.features import hdf5

        monkeypatch.setattr(hdf5, "look_apart", lambda _, look, *a, **how: look())


@pytest.fixture
def all_threads() -> Iterator[None]:
    """Products of torch take a thread a core, and at least two, as for users."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(max(2, os.cpu_count() or 1))
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; skips the test where it is missing."""
    return _there(DATA)


@pytest.fixture(scope="session")
def shared_papers() -> Path:
    """The folder of the papers' texts beside the data; skips the test where it is missing."""
    return _there(PAPERS)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a feature file ``f.h5``."""
    monkeypatch.chdir(tmp_path)
    write_features(tmp_path / "f.h5")
    return tmp_path


def _there(folder: Path) -> Path:
    if not folder.is_dir():
        if os.environ.get("VRBENCH_REQUIRE_DATA"):
            pytest.fail(f"{folder} is missing, and VRBENCH_REQUIRE_DATA asks for it")
        pytest.skip("needs the shared research data beside the checkout")
    return folder
