"""Commands of vrbench in processes of their own."""

from __future__ import annotations

import subprocess
import sys


def run(*words: str) -> str:
    """Run ``vrbench words``; what it printed.

    Raises:
        SystemExit: it ended with another exit code than 0; with what it said.
    """
    command = [sys.executable, "-m", "vrbench", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\nended with exit code {done.returncode}: {done.stderr}")
    return done.stdout
