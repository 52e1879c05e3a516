"""Commands of vrbench in processes of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import prepared


def run(*words: str) -> str:
    """Run ``vrbench words``, as it is installed; what it printed.

    Raises:
        SystemExit: it ended with another exit code than 0; with what it said.
    """
    done = prepared.vrbench(Path.cwd(), *words, path=())
    if done.returncode:
        sys.exit(f"{' '.join(words)}\nended with exit code {done.returncode}: {done.stderr}")
    return done.stdout
