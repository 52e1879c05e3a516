"""Commands run in this process, how they end, and what they leave in a folder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from small_features import COUNTS
from typer.testing import CliRunner

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app

Array = NDArray[Any]

OWNER = np.repeat(np.arange(len(COUNTS)), COUNTS)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def results(self) -> list[dict[str, Any]]:
        """What ``--json`` printed."""
        found: list[dict[str, Any]] = json.loads(self.out)
        return found


def run(*words: str | Path) -> Done:
    """Run ``vrbench words`` in this process; an exception is a traceback and fails the test."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def refused(*words: str | Path, says: str) -> str:
    """Run a command that has to end with one sentence on stderr, exit code 2 and no output."""
    done = run(*words)
    assert done.code == 2, done
    assert not done.out
    message = done.err.strip()
    assert message.count("\n") == 0, "one line"
    assert message.startswith("vrbench: ")
    assert re.search(says, message), message
    assert re.search(r"[^.][.?]$", message), "a whole sentence"
    return message


def stamps(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in sorted(folder.iterdir())}


def random_sim(seed: int = 0, n: int = 6) -> Array:
    return np.random.default_rng(seed).uniform(-0.2, 0.5, (n, n))
