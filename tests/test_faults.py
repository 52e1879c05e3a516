"""A sample of the faults of every command; ``make faults`` has all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fault.interposed import compiler

pytest.importorskip("PIL")
pytest.importorskip("matplotlib")

EACH = 1
"""Kills of each command, and errors."""


def test_a_failed_write_is_never_called_done() -> None:
    if compiler() is None:
        if os.environ.get("VRBENCH_REQUIRE_CC"):
            pytest.fail("there is no C compiler cc, and VRBENCH_REQUIRE_CC asks for one")
        pytest.skip("needs a C compiler cc")
    tests = Path(__file__).parent
    path = os.pathsep.join(map(str, (tests.parent, tests, tests / "helpers")))
    done = subprocess.run(
        [sys.executable, "-m", "fault", "--sample", str(EACH)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) > 20
    assert lines[-1].startswith("all: ")
