"""Commands of vrbench in processes of their own, forked from this one.

What is imported here need not be imported by each: torch takes seconds where it comes with CUDA.
"""

from __future__ import annotations

import gc
import os
import runpy
import sys
import tempfile
import traceback
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import IO, NoReturn


def prepare(packages: Iterable[str]) -> None:
    """Import packages, those that are here, for all processes."""
    for name in packages:
        with suppress(ModuleNotFoundError):
            import_module(name)
    gc.collect()
    gc.freeze()  # a collection would touch, and so copy, every object that processes share


def run(*words: str) -> str:
    """Run ``vrbench words``; what it printed.

    Raises:
        SystemExit: it ended with another exit code than 0; with what it said.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            _become(words, out, err)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for stream in (out, err):
            stream.seek(0)
        if code:
            sys.exit(f"{' '.join(words)}\nended with exit code {code}: {err.read()}")
        return out.read()


def _become(words: Iterable[str], out: IO[str], err: IO[str]) -> NoReturn:
    """Be ``python -m vrbench words`` until its end."""
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    sys.argv = ["vrbench", *words]
    code = 1
    try:
        runpy.run_module("vrbench", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
