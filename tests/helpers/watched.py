"""Run commands in this process, and write down what Python opens, starts and connects to.

``python watched.py COMMANDS.json LOG.json``: two lists of commands, each a list of words.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

MARK = "watching"
"""The file that is made before the commands that are watched, for a tracer outside."""

EVENTS = frozenset(
    {"open", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}
    | {"subprocess.Popen", "pty.spawn", "ctypes.dlopen", "os.link", "os.mkdir", "os.remove"}
    | {"os.rename", "os.rmdir", "os.symlink", "os.truncate", "shutil.copyfile", "urllib.Request"}
    | {"socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}
)


def main(commands: Path, log: Path) -> None:
    """Run the first list of commands unwatched, so that packages are imported; then the second."""
    from cli_runs import run

    first, then = json.loads(commands.read_text())
    for words in first:
        done = run(*words)
        assert done.code == 0, done.err
    events: list[list[str]] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS:
            events.append([event, *map(_said, arguments)])

    sys.addaudithook(note)
    log.with_name(MARK).touch()
    ended = [[done.code, done.err] for done in (run(*words) for words in then)]
    log.write_text(json.dumps({"events": events.copy(), "done": ended}))


def _said(argument: Any) -> str:
    if isinstance(argument, str | bytes | os.PathLike):
        return os.fsdecode(argument)
    return str(argument)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
