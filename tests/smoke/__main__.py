"""``python -P -m smoke``, tests and tests/helpers on the path: does what is installed work?"""

from __future__ import annotations

import os
import platform
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from smoke.commands import COMMANDS, write_inputs
from smoke.modules import import_all
from smoke.numbers import same_as_docs
from smoke.running import run

PACKAGES = ("torch", "numpy", "h5py", "pandas", "scipy", "numba", "transformers")


def main() -> None:
    """Print a line a step; exit 1 with what went wrong at the first step that fails."""
    here = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    print(f"Python {platform.python_version()}, {here}")
    count, folder = import_all()
    print(f"{count} modules imported from {folder}")
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        write_inputs(Path())
        torch = find_spec("torch") is not None
        for command in COMMANDS:
            if torch or not command.torch:
                print(f"vrbench {' '.join(command.words)}", flush=True)
                run(*command.words)
        if torch:
            print(f"{same_as_docs()} numbers are those of docs/alignments.md")
        else:
            print("No torch here: what scores or encodes was not tried.")
        os.chdir("/")  # a current folder cannot be removed everywhere


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


if __name__ == "__main__":
    main()
