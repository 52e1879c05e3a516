"""Every path that a command writes is tried before anything is read, loaded or scored."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import refused, run
from small_features import write_features

from vrbench.cli.app import app

WRITES = {
    "eval": [
        "eval no.h5 --out {}",
        "eval no.h5 --csv {}",
        "eval no.h5 --save-sim {}",
        "eval no.h5 --run {}",
    ],
    "export": ["export no --format csv --out {}"],
    "extract": ["extract --videos . --captions c.csv --encoder onnx --weights no --out {}"],
    "fuse": ["fuse a.npz b.npz --out {}"],
    "import": ["import no.npz --out {}"],
    "merge": ["merge a.h5 b.h5 --out {}"],
    "plot": ["plot hubs no.h5 --out {}", "plot training no.safetensors --out {}"],
    "pool": ["pool no.h5 --factor 2 --out {}"],
    "report": ["report no --out {}"],
    "reproduce": ["reproduce tokenflow-5 no.h5 --out {}"],
    "shard": ["shard f.h5 --parts 2 --out {}"],
    "show": ["show --features no.h5 --frames . --out {}"],
    "task": [
        "task qa no.h5 --out {}",
        "task classification no.h5 --out {}",
        "task ordering no.h5 --out {}",
        "task htm-align no.h5 --out {}",
        "task segmentation no.npz --out {}",
    ],
    "train": [
        "train projection no.h5 --out {}",
        "train linear no.h5 --out {}",
        "train linear no.h5 --out h.safetensors --log {}",
    ],
    "tune": ["tune no.h5 --out {}"],
}
SILENT = {"audit", "compare", "inspect", "join", "list", "table"}
"""Commands that write no file of a name that is given; ``join`` writes into the folder it reads."""


@pytest.mark.parametrize("words", [one for each in WRITES.values() for one in each])
@pytest.mark.parametrize("place", ["file/new", "/proc/new"])
def test_what_cannot_be_written_is_said_first(
    words: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if not Path(place).parent.exists():
        Path("file").touch()
    write_features(Path("f.h5"))
    Path("c.csv").write_text("video_id,caption\nv,a dog\n")
    refused(*words.format(place).split(), says=f"^vrbench: {place}.* cannot be written: .*")
    assert {path.name for path in tmp_path.iterdir()} <= {"file", "f.h5", "c.csv"}


def test_every_command_is_named_here() -> None:
    named = {one.name for one in app.registered_commands}
    named |= {group.name for group in app.registered_groups}
    assert named == WRITES.keys() | SILENT


@pytest.mark.parametrize(
    "words", ["import no.npz", "merge a.h5 b.h5", "pool no.h5 --factor 2", "train projection no.h5"]
)
def test_what_is_there_is_said_first(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_features(Path("f.h5"))
    refused(*words.split(), "--out", "f.h5", says=r"^vrbench: f\.h5 (exists|is no)")


def test_a_file_is_no_folder_of_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_features(Path("f.h5"))
    refused("report", "f.h5", says=r"f\.h5 is not a folder: give the --out of vrbench eval\.")


def test_a_folder_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in ("eval no.h5", "tune no.h5", "plot hubs no.h5"):
        assert run(*words.split(), "--out", "new").code == 2
    assert not list(tmp_path.iterdir())
