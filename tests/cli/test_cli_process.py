"""What surrounds a command: signals, streams that are closed, full or narrow, and memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cli_runs import refused, run
from small_features import write_features

import vrbench.cli.opening
from vrbench.runtime.files import replacing

PROGRAM = [sys.executable, "-m", "vrbench"]
STOPS = [
    (signal.SIGINT, 130, "Interrupted"),
    (signal.SIGTERM, 143, "Terminated"),
    (signal.SIGHUP, 129, "Hung up"),
]
FULL = Path("/dev/full")

BLOCKED = """
import time
from vrbench.importing import to_features as importing
from vrbench.runtime.files import replacing

def blocked(source, out, **_):
    with replacing(out):
        print("at work", flush=True)
        time.sleep(60)

importing.import_arrays = blocked
"""
SCORING = """
import time
from vrbench.evaluation.sources import scorer

def blocked(*_, **__):
    print("at work", flush=True)
    time.sleep(60)

scorer.score = blocked
"""
MAIN = "from vrbench.cli import main; main()"


def in_shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of sh in which ``$V`` is vrbench."""
    words = ["sh", "-c", f'V="$*"; {line}', "sh", *PROGRAM]
    return subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )


def stopped(command: Sequence[str], number: int, folder: Path) -> tuple[int, str]:
    """Send a signal to a process once it has printed a line; return its code and stderr."""
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(number)
        return process.wait(), process.communicate()[1]


@pytest.mark.parametrize(("number", "code", "word"), STOPS)
def test_a_signal_leaves_no_unfinished_file(
    number: int, code: int, word: str, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", BLOCKED + MAIN, "import", "a.npz", "--out", "b.h5"]
    ended, said = stopped(words, number, tmp_path)
    assert ended == code
    assert said == f"{word}: nothing is kept; the same command begins anew.\n"
    assert not list(tmp_path.iterdir())


def test_a_signal_leaves_no_empty_folder(place: Path) -> None:
    before = sorted(place.iterdir())
    words = [sys.executable, "-c", SCORING + MAIN, "eval", "f.h5", "-q", "--out"]
    assert stopped([*words, "a/b"], signal.SIGINT, place)[0] == 130
    assert sorted(place.iterdir()) == before
    (place / "a").mkdir()
    assert stopped([*words, "a/b"], signal.SIGINT, place)[0] == 130
    assert not list((place / "a").iterdir())


@pytest.mark.parametrize(("number", "code", "word"), STOPS)
def test_a_signal_while_the_command_line_is_imported(
    number: int, code: int, word: str, tmp_path: Path
) -> None:
    (tmp_path / "typer.py").write_text("import time\nprint('at work', flush=True)\ntime.sleep(60)")
    ended, said = stopped([sys.executable, "-c", MAIN, "list"], number, tmp_path)
    assert ended == code
    assert said.startswith(word)
    assert "Traceback" not in said


def test_a_signal_that_the_caller_ignores_stays_ignored(tmp_path: Path) -> None:
    start = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code = start + BLOCKED.replace("60", "0.5") + MAIN
    words = [sys.executable, "-c", code, "import", "a.npz", "--out", "b.h5"]
    ended, _ = stopped(words, signal.SIGTERM, tmp_path)
    assert ended == 0


@pytest.mark.parametrize("words", ["list", "--help", "table ncl-1 --format terminal", "eval -q"])
def test_a_reader_that_has_enough_ends_the_program_silently(words: str, tmp_path: Path) -> None:
    code = f"{{ sleep 0.1; $V {words} --out {tmp_path}; echo $? >&2; }} | :"
    if "eval" not in words:
        code = code.replace(f" --out {tmp_path}", "")
    assert in_shell(code).stderr == "1\n"


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", ["list", "--help", "--version", "list --json"])
def test_output_that_cannot_be_written_is_said(words: str) -> None:
    done = in_shell(f"$V {words} > {FULL}")
    assert done.returncode == 2
    assert done.stderr.startswith("vrbench: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("place")
def test_closed_streams_lose_what_is_printed_and_nothing_else() -> None:
    done = in_shell("$V eval f.h5 --method global 2>&-")
    assert done.returncode == 0
    assert "global" in done.stdout
    done = in_shell("$V eval f.h5 --method global --overwrite <&- >&- 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(list(Path("results").iterdir())) == 2


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("narrow", "more"),
    [
        ({"PYTHONIOENCODING": "ascii"}, ("table ncl-1", "list")),
        # of the locale are names of files and arguments too
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, ()),
    ],
    ids=["PYTHONIOENCODING", "LC_ALL"],
)
def test_what_a_stream_cannot_print_is_replaced(
    narrow: dict[str, str], more: tuple[str, ...]
) -> None:
    write_features(Path("é.h5"))
    for words in ("eval é.h5 --method global", "inspect é.h5", "table", *more):
        done = in_shell(f"$V {words}", **narrow)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    done = in_shell("$V eval ü.h5", **narrow)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 7 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    ],
)
def test_too_little_memory_is_said(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(vrbench.cli.opening, "open_evaluation", lacking)
    refused("audit", "s.npz", says="not enough memory: .*--memory")


def test_a_defect_of_the_program_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: Any, **__: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(vrbench.cli.opening, "open_evaluation", wrong)
    with pytest.raises(RuntimeError, match="a defect"):
        run("audit", "s.npz")


def test_a_file_being_written_has_the_mode_that_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "a.txt") as part:
            part.write_text("a")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640
