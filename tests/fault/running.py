"""Runs a command in a forked child with a fault in it, and judges what it left."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer.main
from cli_runs import run

from fault.interposed import Events, Kind
from fault.scenes import Scene, scenes
from fault.state import State, bytes_of, state_of
from vrbench.cli.app import app
from vrbench.cli.process import main as vrbench

Problem = tuple[str, str]
"""What went wrong, and what was seen of it."""

TRACES = ("Traceback", "Exception ignored", "HDF5-DIAG", "Error:", "terminate called")
TIME = 60
"""Seconds after which a run hangs."""


@dataclass(frozen=True)
class Whole:
    """A run that nothing disturbs.

    Attributes:
        events: one line each: number, call, place.
        before: what the folder held.
        after: what it held then.
    """

    events: Sequence[str]
    before: State
    after: State


def faults(events: Sequence[str]) -> list[tuple[Kind, int]]:
    """Return every fault of every event; half of a call is there for writes only."""
    return [
        (kind, at)
        for at, event in enumerate(events, 1)
        for kind in (Kind.KILL, Kind.KILL_HALF, Kind.EIO, Kind.ENOSPC)
        if kind != Kind.KILL_HALF or "write" in event.split()[1]
    ]


@dataclass(frozen=True)
class Done:
    """How a run ended: exit code, or minus the signal; and what stood on stderr."""

    code: int
    said: str


class Stage:
    """The folders in which commands are run.

    Args:
        root: everything is below it.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.place = root, root / "place"
        self._events = Events(self.place)
        self._seen: dict[str, list[Problem]] = {}
        self._loaded: set[str] = set()

    def scenes(self, only: tuple[str, ...]) -> Iterator[Scene]:
        """Yield the scenes whose names begin with one of ``only``."""
        return (scene for scene in scenes(self.root) if scene.name.startswith(only))

    def rehearse(self, scene: Scene) -> Whole:
        """Run a scene without a fault; the first of a kind once before, so that all is loaded."""
        self._set(scene)
        self._seen.clear()
        before = state_of(self.place)
        if scene.kind not in self._loaded:
            self._loaded.add(scene.kind)
            _warm(scene, self.place)
            gc.freeze()  # or each child would copy all that it looks at
            self._set(scene)
        done, events = self._run(scene, Kind.COUNT, 0)
        if done.code:
            raise RuntimeError(f"{scene.name}: exit code {done.code}: {done.said}")
        return Whole(events, before, state_of(self.place))

    def suffer(self, scene: Scene, whole: Whole, kind: Kind, at: int) -> Iterator[Problem]:
        """Run a scene with one fault, and then as if nothing had been; yield what is wrong."""
        self._set(scene)
        done, _ = self._run(scene, kind, at)
        free = {name for name in (scene.carried_on, scene.stdout) if name}
        unlink = whole.events[at - 1].split()[1] == "unlink"
        if kind in (Kind.KILL, Kind.KILL_HALF):
            if done.code != -signal.SIGKILL:
                yield "not killed", str(done)
        else:
            yield from _ended(done, state_of(self.place) == whole.after)
        yield from _lost(state_of(self.place), whole, free, done.code < 0 or unlink)
        left = bytes_of(self.place)
        if left not in self._seen:
            self._seen[left] = list(self._next(scene, whole))
        yield from self._seen[left]

    def _next(self, scene: Scene, whole: Whole) -> Iterator[Problem]:
        """Run a scene as if nothing had been, on what is there; yield what is wrong."""
        again, _ = self._run(scene, Kind.COUNT, 0)
        after = state_of(self.place)
        if again.code or any(word in again.said for word in TRACES):
            yield "next run fails", f"{again.code} {again.said}"
        for name in after.keys() - whole.after.keys():
            yield "leftover after the next run", name
        for name in whole.after:
            if after.get(name) != whole.after[name]:
                yield "next run differs", f"{name}: {after.get(name, 'missing')}"

    def _set(self, scene: Scene) -> None:
        if self.place.exists():
            shutil.rmtree(self.place)
        shutil.copytree(scene.before, self.place)

    def _run(self, scene: Scene, kind: Kind, at: int) -> tuple[Done, list[str]]:
        streams = [self.root / name for name in ("stdout", "stderr", "events")]
        out = self.place / scene.stdout if scene.stdout else streams[0]
        files = [
            os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY) for path in (out, *streams[1:])
        ]
        sys.stdout.flush()
        child = os.fork()
        if not child:
            os.dup2(files[0], 1)
            os.dup2(files[1], 2)
            os.chdir(self.place)
            signal.alarm(TIME)
            self._events.arm(kind, at, files[2] if kind == Kind.COUNT else -1)
            _be_vrbench(scene, kind)
        for file in files:
            os.close(file)
        _, status = os.waitpid(child, 0)
        done = Done(os.waitstatus_to_exitcode(status), streams[1].read_text(errors="replace"))
        events = streams[2].read_text().replace(f"{self.place}/", "").splitlines()
        return done, events


def _warm(scene: Scene, place: Path) -> None:
    """Load in this process what the command needs, and build the command line once."""
    back = Path.cwd()
    os.chdir(place)
    run(*scene.words)
    os.chdir(back)
    built = typer.main.get_command(app)
    vars(typer.main)["get_command"] = lambda _: built


def _be_vrbench(scene: Scene, kind: Kind) -> None:
    """Be the program until its end; after an error that is C's, where HDF5 has a last word."""
    sys.argv = ["vrbench", *map(str, scene.words)]
    code = 70
    try:
        vrbench()
    except SystemExit as end:
        code = 0 if end.code is None else int(end.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if kind == Kind.COUNT or not scene.hdf5:
        os._exit(code)
    atexit._run_exitfuncs()
    ctypes.CDLL(None).exit(code)


def _ended(done: Done, whole: bool) -> Iterator[Problem]:
    """What is wrong with how a command ended after an error that it could see."""
    sentences = [line for line in done.said.splitlines() if line.startswith("vrbench: ")]
    if any(word in done.said for word in TRACES):
        yield "traceback", done.said[-300:]
    if done.code == 0:
        if not whole:
            yield "false done", done.said
    elif done.code != 2 or len(sentences) != 1:
        yield "wrong end", f"{done.code} {done.said[-300:]}"


def _lost(now: State, whole: Whole, free: set[str], excused: bool) -> Iterator[Problem]:
    """What is neither as it was nor as it should be; ``excused``: a leftover may stay."""
    for name in (whole.before.keys() | now.keys()) - free:
        if name not in now:
            yield "file lost", name
        elif name not in whole.before.keys() | whole.after.keys():
            if not excused:
                yield "leftover", name
        elif now[name] not in (whole.before.get(name), whole.after.get(name)):
            yield "file damaged", f"{name}: {now[name]}"
