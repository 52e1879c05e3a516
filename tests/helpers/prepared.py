"""Processes that begin with the libraries imported: vrbench itself is read anew by each.

A fresh interpreter takes seconds for torch and numba alone. Here one interpreter imports them once
and is forked for each command; it never imports vrbench, so that what a test puts on the path, and
what a process keeps for itself, is as new as in an interpreter of its own.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, NoReturn

LIBRARIES = ("numpy", "h5py", "typer", "rich", "torch", "scipy.stats", "numba", "safetensors.torch")
ROOT = Path(__file__).parents[2]


class Process:
    """A command that was started.

    Args:
        pid: its number; it is a child of the prepared interpreter.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, or minus the signal; None while it runs."""
        if self.returncode is None:
            self.returncode = _ask({"wait": self.pid, "options": os.WNOHANG})
        return self.returncode

    def wait(self, seconds: float = 600) -> int:
        """Wait for its end.

        Raises:
            TimeoutError: it takes longer.
        """
        end = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.005)
        return code

    def kill(self) -> None:
        """Kill it with signal 9."""
        os.kill(self.pid, signal.SIGKILL)


def start(
    words: Sequence[str | Path],
    folder: Path | None = None,
    *,
    path: Sequence[Path] = (ROOT,),
    streams: tuple[str, str] = (os.devnull, os.devnull),
    code: str | None = None,
) -> Process:
    """Start ``vrbench words``.

    Args:
        words: the command.
        folder: in which it runs; None: the current one.
        path: folders that come first on Python's path; one of them holds vrbench.
        streams: files that take its stdout and stderr.
        code: Python that runs in the place of ``python -m vrbench``.
    """
    return Process(
        _ask(
            {
                "start": list(map(str, words)),
                "folder": str(folder or Path.cwd()),
                "path": list(map(str, path)),
                "environment": dict(os.environ),
                "streams": streams,
                "code": code,
            }
        )
    )


def vrbench(
    folder: Path, *words: str | Path, path: Sequence[Path] = (ROOT,), code: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``vrbench words``, or the Python of ``code``, to its end."""
    with TemporaryDirectory() as place:
        streams = f"{place}/stdout", f"{place}/stderr"
        ended = start(words, folder, path=path, streams=streams, code=code).wait()
        out, err = (Path(stream).read_text() for stream in streams)
    return subprocess.CompletedProcess(list(words), ended, out, err)


def _ask(request: Mapping[str, Any]) -> Any:
    """Send a line to the prepared interpreter; return what it answers."""
    interpreter = _interpreter()
    assert interpreter.stdin is not None
    assert interpreter.stdout is not None
    interpreter.stdin.write(json.dumps(request) + "\n")
    interpreter.stdin.flush()
    return json.loads(interpreter.stdout.readline())


@cache
def _interpreter() -> subprocess.Popen[str]:
    found = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(found.communicate)  # it ends with its input
    return found


# --- in the prepared interpreter


def _serve(requests: IO[str], answers: IO[str]) -> None:
    for name in LIBRARIES:
        with suppress(ImportError):
            import_module(name)
    gc.freeze()  # a collection would touch, and so copy, every object that processes share
    for line in requests:
        request = json.loads(line)
        if "start" in request:
            pid = os.fork()
            if not pid:
                _become(request, answers)
            answer: int | None = pid
        else:
            pid, status = os.waitpid(request["wait"], request["options"])
            answer = os.waitstatus_to_exitcode(status) if pid else None
        print(json.dumps(answer), file=answers, flush=True)


def _become(request: Mapping[str, Any], answers: IO[str]) -> NoReturn:
    """Be the program until its end.

    It ends as Python does, but for the destruction of modules: that of the libraries takes longer
    than most commands.
    """
    code = 1
    try:
        _run(request, answers)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        vars(threading)["_shutdown"]()
        vars(atexit)["_run_exitfuncs"]()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _run(request: Mapping[str, Any], answers: IO[str]) -> None:
    """Run the program in this process, which was forked for it."""
    assert not any(name.partition(".")[0] == "vrbench" for name in sys.modules)
    for number, name in enumerate((os.devnull, *request["streams"])):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        opened = os.open(name, flags)
        os.dup2(opened, number)
        os.close(opened)
    os.dup2(0, answers.fileno())
    sys.stdout = os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace")
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.dont_write_bytecode = True
    sys.path[:0] = [request["folder"], *request["path"]]
    sys.argv = ["vrbench", *request["start"]]
    if request["code"] is None:
        runpy.run_module("vrbench", run_name="__main__", alter_sys=True)
    else:
        exec(request["code"], {"__name__": "__main__"})


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file
    answers = os.fdopen(os.dup(1), "w")
    _serve(sys.stdin, answers)
