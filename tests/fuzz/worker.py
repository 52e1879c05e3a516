"""Running a target on many inputs in a forked child that may hang, crash or eat memory."""

from __future__ import annotations

import json
import mmap
import os
import resource
import shutil
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType

from fuzz.mutate import Files, mutate
from fuzz.targets import Target

SECONDS = 10.0
"""Of the processor's time that an input may take."""
WALL = 60.0
"""Seconds that it may take at all, on a machine that is busy otherwise."""
GROWTH = 700_000_000
"""Bytes that a worker may grow beyond what it had with everything imported."""
ADDRESSES = 4_000_000_000
"""Bytes of address space that it may take beyond that: protects the machine."""


@dataclass
class Finding:
    """An input that was not refused in a sentence: what happened, and where."""

    target: str
    kind: str
    where: str
    index: int
    seed: int


@dataclass
class Ran:
    """What became of a stretch of inputs."""

    inputs: int = 0
    accepted: int = 0
    peak: int = 0
    findings: list[Finding] = field(default_factory=list)
    behind: Counter[str] = field(default_factory=Counter)
    """Exceptions raised by vrbench's own lines that the door made a sentence of."""


def made(target: Target, seed: int, index: int) -> Files:
    """Return the input of this number; always the same."""
    rng = Random(f"{seed}/{target.name}/{index}")
    return mutate(rng.choice(target.seeds()), rng)


def write(files: Files, folder: Path) -> None:
    """Make a folder hold these files, and no others."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def attempt(target: Target, folder: Path) -> tuple[str, str, str]:
    """Read a folder; return what was raised besides an ``InputError``, where, and what behind one.

    All three are empty where it was accepted; ``refused`` where a sentence says what is wrong.
    """
    from vrbench.errors import InputError

    try:
        target.read(folder)
    except (KeyboardInterrupt, SystemExit):
        raise
    except InputError as error:
        return "refused", "", _own(error.__cause__)
    except OSError:
        return "refused", "", ""  # every command makes a sentence of it
    except BaseException as error:
        return type(error).__name__, _place(error.__traceback__), ""
    return "", "", ""


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    own = [frame for frame in frames if "/vrbench/" in frame.filename] or frames
    return f"{'/'.join(Path(own[-1].filename).parts[-2:])}:{own[-1].lineno}" if own else "?"


def _own(error: BaseException | None) -> str:
    """Name an exception that a line of vrbench itself raised, not a library it called."""
    if error is None or not isinstance(error, TypeError | AttributeError | IndexError | NameError):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    own = bool(frames) and "/vrbench/" in frames[-1].filename
    return f"{type(error).__name__} {_place(error.__traceback__)}" if own else ""


def run(target: Target, seed: int, first: int, count: int, seconds: float) -> Ran:
    """Run ``count`` inputs from ``first`` on, or as many as fit into ``seconds``."""
    target.seeds()
    total, end = Ran(), time.monotonic() + seconds
    while count > 0 and (left := end - time.monotonic()) > 0:
        ran = _child(target, seed, first, count, left)
        total.inputs += ran.inputs
        total.accepted += ran.accepted
        total.peak = max(total.peak, ran.peak)
        total.findings += ran.findings
        total.behind += ran.behind
        first, count = first + ran.inputs, count - ran.inputs
        if not ran.inputs:
            break
    return total


def _child(target: Target, seed: int, first: int, count: int, seconds: float) -> Ran:
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    shared = mmap.mmap(-1, 16)
    with tempfile.TemporaryDirectory(dir=place) as name:
        report = Path(name) / "report.json"
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            try:
                _work(target, seed, first, count, seconds, Path(name) / "in", report, shared)
            finally:  # whatever happens, a child never goes on as the parent
                os._exit(0)
        status, hung = _watch(pid, shared)
        done = struct.unpack("q", shared[:8])[0]
        if report.exists():
            told = json.loads(report.read_text())
            findings = [Finding(**one) for one in told.pop("findings")]
            return Ran(findings=findings, behind=Counter(told.pop("behind")), **told)
    how = "hang" if hung else f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "exit"
    finding = Finding(target.name, how, target.name, first + done, seed)
    return Ran(inputs=done + 1, findings=[finding])


def _watch(pid: int, shared: mmap.mmap) -> tuple[int, bool]:
    """Wait for a child; end it where one input takes too long."""
    seen, since, used = -1, time.monotonic(), _used(pid)
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status, False
        done = struct.unpack("q", shared[:8])[0]
        if done != seen:
            seen, since, used = done, time.monotonic(), _used(pid)
        elif _used(pid) - used > SECONDS or time.monotonic() - since > WALL:
            os.kill(pid, 9)
            return os.waitpid(pid, 0)[1], True
        time.sleep(0.02)


def _used(pid: int) -> float:
    """Seconds of the processor that a process has had."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _size(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return 0


def _forget_peak() -> None:
    """Let the peak of memory begin anew, so that what made the input does not count."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _work(
    target: Target,
    seed: int,
    first: int,
    count: int,
    seconds: float,
    folder: Path,
    report: Path,
    shared: mmap.mmap,
) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # libraries write to them directly
        os.dup2(quiet, stream)
    write(target.seeds()[0], folder)
    attempt(target, folder)  # imports what it needs
    base, ran, end = _size("VmRSS"), Ran(), time.monotonic() + seconds
    limit = _size("VmSize") + ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    known: set[tuple[str, str]] = set()
    for index in range(first, first + count):
        write(made(target, seed, index), folder)
        _forget_peak()
        kind, where, behind = attempt(target, folder)
        grown = _size("VmHWM") - base
        if grown > max(GROWTH, ran.peak):
            kind, where = "memory", f"{grown // 10**6} MB"
        ran.peak = max(ran.peak, grown)
        ran.accepted += not kind
        ran.behind.update([behind] if behind else [])
        if kind not in ("", "refused") and (kind, where) not in known:
            known.add((kind, where))
            ran.findings.append(Finding(target.name, kind, where, index, seed))
        ran.inputs += 1
        shared[:8] = struct.pack("q", ran.inputs)
        if time.monotonic() > end:
            break
    told = {**vars(ran), "findings": [asdict(one) for one in ran.findings]}
    report.write_text(json.dumps(told))
