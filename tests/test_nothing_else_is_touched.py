"""Hostile files, read by commands in a process of its own that is watched from inside and outside.

Inside a hook hears what Python opens, starts and connects to; outside ``strace``, where there is
one, sees what libraries in C do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av")
pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

import tiny_clip
from hostile_files import (
    eps,
    model_with_numbers_in,
    pickle_that_writes,
    playlists,
    script_that_writes,
    words_that_write,
)
from tiny_onnx import SIDE, write_models
from toy_files import moving, write_video
from toy_videos import captions_of, write_captions, write_videos
from watched import MARK

from vrbench.encoders.s3d import DICTIONARY, WEIGHTS

TESTS = Path(__file__).parent
PACKAGES = (sys.prefix, sys.base_prefix, os.fspath(TESTS.parent))
SYSTEM = ("/dev/", "/etc/", "/lib", "/proc/", "/sys/", "/usr/")
SECRET = "canary"
"""What is in the names of files that no command is told to read."""


@dataclass(frozen=True)
class Watched:
    """What commands did.

    Attributes:
        root: the folder of ``inputs``, ``out`` and ``elsewhere``.
        done: exit code and stderr of each command, by a name for it.
        events: what Python did: the name of the event, and its arguments.
        calls: lines of strace; None without it.
    """

    root: Path
    done: dict[str, tuple[int, str]]
    events: list[list[str]]
    calls: list[str] | None


Words = list[str | Path]
Commands = dict[str, Words]


def extract(videos: Path, captions: Path, out: Path, encoder: str, *more: str | Path) -> Words:
    places: Words = ["--videos", videos, "--captions", captions, "--out", out]
    return ["extract", *places, "--encoder", encoder, *more]


def harmless(root: Path) -> Commands:
    """Write harmless files into ``harmless``; what reads them with every package."""
    folder = root / "harmless"
    for name in ("clip", "models"):
        (folder / name).mkdir(parents=True)
    tiny_clip.save_transformers(tiny_clip.tiny_clip(), folder / "clip")
    write_models(folder / "models")
    captions = write_captions(folder / "captions.csv", [("v", "a cat")])
    video = write_video(folder / "v.mp4", moving(5))
    encoders = {"clip": "clip", "models": f"onnx:size={SIDE}"}
    return {
        name: extract(video, captions, folder / f"{name}.h5", spec, "--weights", folder / name)
        for name, spec in encoders.items()
    }


def hostile(root: Path) -> Commands:
    """Write hostile files of every kind into ``inputs``; what reads them, by a name."""
    inputs, elsewhere = root / "inputs", root / "elsewhere"
    for name in ("inputs/models", "inputs/videos/loop", "out", "elsewhere", "inputs/clip"):
        (root / name).mkdir(parents=True)
    videos = write_videos(inputs / "videos", ["frames", "page"])
    eps(videos / "page" / "f000.png")
    (videos / "loop" / "up").symlink_to(videos)
    secret = write_video(elsewhere / "v.mkv", moving(5)).rename(videos / f"{SECRET}.bin")
    shutil.copy(secret, elsewhere / SECRET)
    names = ["good", "frames", "page", *playlists(videos, secret)]
    write_video(videos / "good.mp4", moving(5))
    captions = write_captions(inputs / "captions.csv", captions_of(names, 1))
    written = elsewhere / "written"
    script_that_writes(inputs / "script.pt", written)
    pickle_that_writes(inputs / "pickle.pt", written)
    words_that_write(inputs / "words.npy", written)
    words_that_write(inputs / "models" / DICTIONARY, written)
    pickle_that_writes(inputs / "models" / WEIGHTS, written)
    tiny_clip.save_transformers(tiny_clip.tiny_clip(), inputs / "clip")
    config = json.loads((inputs / "clip" / "config.json").read_text())
    config["attn_implementation"] = "somebody/attention"
    (inputs / "clip" / "config.json").write_text(json.dumps(config))
    write_models(inputs / "models")
    model_with_numbers_in(inputs / "models" / "near.onnx", f"../../elsewhere/{SECRET}")
    model_with_numbers_in(inputs / "models" / "far.onnx", str(elsewhere / SECRET), "attribute")
    out, models = root / "out" / "f.h5", inputs / "models"

    def given(encoder: str, weights: Path, *more: str) -> Words:
        return extract(videos, captions, out, encoder, "--weights", weights, *more)

    return {
        "videos": extract(videos, captions, out, "toy", "--frames", "all"),
        "script": given("clip", inputs / "script.pt"),
        "pickle": given("clip", inputs / "pickle.pt"),
        "config": given("clip", inputs / "clip", "--overwrite"),
        "near": given("onnx:image_model=near.onnx", models),
        "far": given("onnx:text_model=far.onnx", models),
        "s3d": given("s3d", models),
        "arrays": ["import", inputs / "words.npy", "--out", root / "out" / "a.h5"],
    }


CALLS = "execve,execveat,open,openat,openat2,creat,connect,bind,sendto,link,linkat,symlink,mkdir"


def traced(log: Path) -> Words:
    """Return the words that run a command under strace; none where it cannot trace."""
    words: Words = ["strace", "-f", "-qq", "--seccomp-bpf", "-s", "4096", "-e", f"trace={CALLS}"]
    words += ["-o", log]
    if shutil.which("strace") is None:
        return []
    return [] if subprocess.run([*words, "true"], check=False).returncode else words


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    root = tmp_path_factory.mktemp("watched")
    first, given = harmless(root), hostile(root)
    told, log, calls = (root / "out" / name for name in ("commands", "log", "calls"))
    words = [[list(map(str, words)) for words in part.values()] for part in (first, given)]
    told.write_text(json.dumps(words))
    tracing, out = traced(calls), str(root / "out")
    places = {"PYTHONPATH": str(TESTS.parent), "HOME": out, "TMPDIR": out}
    silencing = ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "CI")
    telling = {name: value for name, value in os.environ.items() if name not in silencing}
    ended = subprocess.run(
        [*tracing, sys.executable, TESTS / "helpers" / "watched.py", told, log],
        env={**telling, **places, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=out,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(log.read_text())
    done = {name: (code, err) for name, (code, err) in zip(given, found["done"], strict=True)}
    lines = calls.read_text().splitlines() if tracing else None
    if lines is not None:
        lines = lines[next(i for i, line in enumerate(lines) if f"/out/{MARK}" in line) :]
    return Watched(root, done, found["events"], lines)


def allowed(path: str, root: Path) -> bool:
    """Whether a file is an input, an output, or part of the program and the system."""
    whole = os.path.normpath(root / "out" / path)
    if SECRET in whole or whole.endswith(".sub"):
        return False
    return whole.startswith((*PACKAGES, *SYSTEM, str(root / "inputs"), str(root / "out")))


def test_each_is_refused_and_the_rest_is_read(watched: Watched) -> None:
    assert {name: code for name, (code, _) in watched.done.items()} == {
        "videos": 0,
        "config": 0,
        **dict.fromkeys(("script", "pickle", "near", "far", "s3d", "arrays"), 2),
    }
    said = watched.done["videos"][1]
    assert said.count("Skipped: ") == 8
    assert "2 in /video" in said
    assert "no code in a weights file is run" in watched.done["script"][1]
    for name in ("near", "far"):
        assert "outside of its own folder" in watched.done[name][1]
    assert sorted(path.name for path in (watched.root / "elsewhere").iterdir()) == [SECRET]


def test_python_starts_nothing_and_opens_nothing_else(watched: Watched) -> None:
    kinds = {event for event, *_ in watched.events}
    assert "open" in kinds
    forked = {"os.fork"}  # features are looked at in a process apart, which strace follows below
    written = {"os.mkdir", "os.remove", "os.rename", "os.truncate"}
    assert not kinds - {"open", "ctypes.dlopen", *written, *forked}
    for event, *paths in watched.events:
        assert event in forked or paths[0].isdecimal() or allowed(paths[0], watched.root), paths


def test_libraries_start_nothing_and_open_nothing_else(watched: Watched) -> None:
    if watched.calls is None:
        pytest.skip("strace cannot trace here")
    outward = re.compile(r"\b(execve|execveat|connect|bind|sendto)\(")
    assert not [line for line in watched.calls if outward.search(line)]
    path_of = re.compile(r"\b(?:open\w*|creat)\([^\"]*\"([^\"]*)\"")
    opened = [found[1] for found in map(path_of.search, watched.calls) if found]
    assert any(path.endswith("/good.mp4") for path in opened)
    for path in opened:
        assert allowed(path, watched.root), path


def test_telemetry_is_off(watched: Watched) -> None:
    """onnxruntime sends nothing for seconds, but it names the machine at once where it may."""
    assert not [*watched.root.rglob("deviceid")]
