"""Where the shared research data is, what tests do without it, and a folder for commands."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from small_features import write_features

DATA = Path(__file__).parents[2] / "shared" / "data"
PAPERS = DATA.parent / "papers"

SLOW = (
    *("test_alignment_bits", "test_alignment_laws", "test_cli_process", "test_compiling"),
    *("test_faults", "test_ghosts", "test_kills", "test_memory", "test_nothing_else_is_touched"),
    *("test_apart", "test_fuzz_harness", "test_hostile_strings", "test_simplex", "test_contract"),
    *("test_carrying_on", "test_cut_captions", "test_figures", "test_frame_order", "test_merging"),
    *("test_promises", "test_reproduce", "test_s3d_net", "test_sequence_commands"),
    *("test_sequence_figures", "test_text_batch", "test_batch", "test_learnt", "test_training"),
    *("test_resume", "test_train_head", "test_tuning", "test_sanity", "test_inspect"),
    *("test_banks", "test_cli_refusals", "test_cli_eval", "test_cli_sims", "test_grid"),
    *("test_sequencing", "test_extract", "test_overlap"),
    *("test_head_commands", "test_reproduce_heads"),
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
    """Libraries and tests stay to the end: no collection has to walk through them."""
    gc.collect()
    gc.freeze()


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
