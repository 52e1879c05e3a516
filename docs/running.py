"""Commands as a reader would type them, run for a page."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

WIDTH = 150
"""Columns of the terminal."""


def run(command: str, folder: Path) -> list[str]:
    """Run ``vrbench ...`` (or ``python``, ``head``, ``ls``) in a folder and return what it prints.

    Raises:
        subprocess.CalledProcessError: it fails.
    """
    words = shlex.split(command)
    if words[0] == "vrbench":
        words[:1] = [sys.executable, "-m", "vrbench"]
    if words[0] == "python":
        words[0] = sys.executable
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    variables = {**os.environ, "COLUMNS": str(WIDTH), "PYTHONPATH": path}
    done = subprocess.run(
        words, cwd=folder, env=variables, stdout=subprocess.PIPE, text=True, check=True
    )
    return [line.rstrip() for line in done.stdout.splitlines()]
