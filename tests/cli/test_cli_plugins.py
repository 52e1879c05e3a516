"""``--plugin`` on every command, and what commands make of distributions with methods."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import typer
from cli_runs import refused, run
from long_videos import arrays, write
from small_features import write_features
from toy_videos import captions_of, write_captions, write_videos

from vrbench.cli.app import app
from vrbench.features import open_features

ROOT = Path(__file__).parents[2]

FUNCTION = """
import vrbench

@vrbench.alignment("mine")
def mine(text, video, *, power: float = 1):
    '''The best match.'''
    return (text @ video.T).max() ** power
"""

NORM = """
from dataclasses import dataclass
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization

@normalizations.register("halves")
@dataclass(frozen=True)
class Halves(Normalization):
    needs_bank = False

    def fit(self, bank: Bank) -> Fitted:
        return Fitted(lambda block: block / 2)
"""

ORDER = """
from dataclasses import dataclass
from vrbench.sequences.base import PairAlignment, Pairs, sequences

@sequences.register("first")
@dataclass(frozen=True)
class First(PairAlignment):
    '''The first caption with the first clip.'''

    def score(self, pairs: Pairs):
        return pairs.sim[0, 0].copy()
"""


ENCODER = """
from dataclasses import dataclass
from vrbench.encoders import encoders
from vrbench.encoders.toy import Toy

@encoders.register("own")
@dataclass(frozen=True)
class Own(Toy):
    '''An encoder.'''
"""


def vrbench(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, with the folder on its path."""
    path = os.pathsep.join([str(folder / "site"), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "vrbench", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def evaluate(folder: Path, *words: str) -> list[dict[str, Any]]:
    done = vrbench(folder, "eval", "f.h5", "--json", *words)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "results").glob("*.json"))


def install(folder: Path, code: str, version: str = "1.0", group: str = "normalizations") -> None:
    """Write a distribution ``acme`` into the folder's ``site``."""
    site = folder / "site"
    site.mkdir(exist_ok=True)
    (site / "acme.py").write_text(code)
    for old in site.glob("*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    info = site / f"acme-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[vrbench.{group}]\nhalves = acme\n")


def commands(group: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)
        else:
            yield (*names, name), command


def test_every_command_takes_plug_in_files() -> None:
    every = dict(commands(typer.main.get_command(app)))
    assert len(every) > 15
    for name, command in every.items():
        (option,) = (one for one in command.params if one.name == "plugin")
        assert option.multiple, name


@pytest.mark.parametrize("words", [("eval",), ("list",), ("table",), ("tune",), ("task", "qa")])
def test_a_file_that_cannot_be_run_is_refused_before_anything_else(
    words: tuple[str, ...], place: Path
) -> None:
    more = ["f.h5"] if words == ("task", "qa") else []
    refused(*words, *more, "--plugin", "absent.py", says=r"file absent\.py does not exist\.")
    (place / "bad.py").write_text("x = 1\nx.y\n")
    refused(*words, *more, "--plugin", "bad.py", says=r"bad\.py fails in line 2 \(AttributeError")


def test_names_of_methods_are_not_known_without_the_file(place: Path) -> None:
    refused("eval", "f.h5", "--method", "mine", says="Unknown method 'mine'")


@pytest.mark.slow
def test_a_changed_file_is_computed_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5")
    file = tmp_path / "mine.py"
    file.write_text(FUNCTION)
    words = ("--plugin", "mine.py", "--plugin", "mine.py", "--method", "mine", "--method", "global")
    first, known = evaluate(tmp_path, *words)
    assert first["provenance"]["plugins"] == [
        {"file": "mine.py", "sha256": sha256(FUNCTION.encode()).hexdigest()}
    ]
    assert "plugins" not in known["provenance"]
    assert len(kept(tmp_path)) == 2
    assert evaluate(tmp_path, *words) == [first, known]  # dates and all: it was read
    file.write_text(FUNCTION.replace(".max()", ".min()"))
    second, again = evaluate(tmp_path, *words)
    assert again == known
    assert len(kept(tmp_path)) == 3
    assert second["method"] == first["method"] == "mine"
    assert second["metrics"] != first["metrics"]
    assert second["provenance"]["plugins"] != first["provenance"]["plugins"]
    file.write_text(FUNCTION)
    assert evaluate(tmp_path, *words) == [first, known]


@pytest.mark.slow
def test_a_changed_distribution_is_computed_again(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5")
    install(tmp_path, NORM)
    (first,) = evaluate(tmp_path, "--norm", "halves")
    (origin,) = first["provenance"]["plugins"]
    assert origin == {
        "distribution": "acme",
        "version": "1.0",
        "sha256": sha256(NORM.encode()).hexdigest(),
    }
    assert evaluate(tmp_path, "--norm", "halves") == [first]
    install(tmp_path, NORM, "1.1")
    (second,) = evaluate(tmp_path, "--norm", "halves")
    assert second["provenance"]["plugins"] == [{**origin, "version": "1.1"}]
    install(tmp_path, NORM.replace("/ 2", "/ 3"), "1.1")  # a checkout that is worked on
    (third,) = evaluate(tmp_path, "--norm", "halves")
    assert third["provenance"]["plugins"][0]["sha256"] != origin["sha256"]
    assert len(kept(tmp_path)) == 3


@pytest.mark.slow
def test_listings_say_where_methods_come_from(tmp_path: Path) -> None:
    install(tmp_path, NORM + ORDER)
    (tmp_path / "mine.py").write_text(FUNCTION)
    done = vrbench(tmp_path, "list", "--plugin", "mine.py")
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert lines["mine:power=1"].endswith("  The best match. From mine.py.")
    assert lines["halves"].endswith(" From acme 1.0.")
    assert lines["first"].endswith("  The first caption with the first clip. From acme 1.0.")
    assert sum(" From " in line for line in lines.values()) == 3
    listed = json.loads(vrbench(tmp_path, "list", "norms", "--json").stdout)["norms"]
    by_name = {row["name"]: row for row in listed}
    assert by_name["halves"]["distribution"] == "acme"
    assert by_name["halves"]["version"] == "1.0"
    assert by_name["halves"]["sha256"] == sha256((NORM + ORDER).encode()).hexdigest()
    assert "distribution" not in by_name["ncl"]


@dataclass(frozen=True)
class Broken:
    """A distribution that cannot be used, and what is said of it."""

    code: str
    group: str
    says: str


BROKEN = {
    "syntax": Broken("def f(:\n", "normalizations", "cannot be loaded (SyntaxError: "),
    "exit": Broken("raise SystemExit(0)\n", "alignments", "cannot be loaded (SystemExit: 0)"),
    "taken": Broken(
        NORM.replace("halves", "ncl"),
        "normalizations",
        "There is a norm 'ncl' of vrbench itself and one of the distribution acme 1.0:",
    ),
    "base": Broken(
        NORM.replace("(Normalization)", ""),
        "normalizations",
        "The norm 'halves' of the distribution acme 1.0 is not derived from ",
    ),
    "thawed": Broken(
        NORM.replace("(frozen=True)", ""),
        "normalizations",
        "The norm 'halves' of the distribution acme 1.0 is no frozen dataclass",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_distribution_is_one_sentence_in_every_command(name: str, tmp_path: Path) -> None:
    broken = BROKEN[name]
    write_features(tmp_path / "f.h5")
    install(tmp_path, broken.code, group=broken.group)
    for words in (("list",), ("eval", "f.h5", "--method", "global", "--norm", "none")):
        done = vrbench(tmp_path, *words)
        assert done.returncode == 2, words
        assert done.stderr.startswith("vrbench: The"), words
        assert broken.says in done.stderr
        assert "the distribution acme 1.0" in done.stderr
        assert done.stderr.count("\n") == 1
        assert not done.stdout


@pytest.mark.slow
def test_what_names_no_method_goes_on_beside_a_broken_distribution(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5")
    install(tmp_path, BROKEN["syntax"].code)
    assert vrbench(tmp_path, "inspect", "f.h5").returncode == 0
    assert vrbench(tmp_path, "list", "encoders").returncode == 0


@pytest.mark.slow
def test_a_function_that_fails_is_one_sentence_and_keeps_what_was_finished(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5")
    (tmp_path / "mine.py").write_text(FUNCTION.replace("return ", "return len(text) // 0 or "))
    done = vrbench(
        tmp_path,
        *("eval", "f.h5", "-q", "--plugin", "mine.py", "--method", "global", "--method", "mine"),
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("vrbench: The function 'mine' on text 'text")
    assert "ZeroDivisionError" in done.stderr
    assert "in line 7 of mine.py)." in done.stderr
    assert len(kept(tmp_path)) == 1


@pytest.mark.slow
def test_a_sequence_alignment_from_outside_is_in_the_identity(tmp_path: Path) -> None:
    write(tmp_path, arrays())
    (tmp_path / "order.py").write_text(ORDER)
    words = ("--plugin", "order.py", "--method", "global", "--sequence", "first")
    (first,) = evaluate(tmp_path, *words)
    assert [one["file"] for one in first["provenance"]["plugins"]] == ["order.py"]
    (tmp_path / "order.py").write_text(ORDER.replace("[0, 0]", "[-1, -1]"))
    evaluate(tmp_path, *words)
    assert len(kept(tmp_path)) == 2


@pytest.mark.slow
def test_features_of_a_changed_encoder_are_not_carried_on(tmp_path: Path) -> None:
    write_videos(tmp_path / "videos", ["a", "b"])
    write_captions(tmp_path / "c.csv", captions_of(["a", "b"]))
    (tmp_path / "own.py").write_text(ENCODER)
    words = (
        *("extract", "--videos", "videos", "--captions", "c.csv", "--out", "own.h5"),
        *("--encoder", "own:dim=8", "--plugin", "own.py"),
    )
    for _ in range(2):
        done = vrbench(tmp_path, *words)
        assert done.returncode == 0, done.stderr
    with open_features(tmp_path / "own.h5") as features:
        (origin,) = json.loads(str(features.attrs["plugins"]))
        assert origin == {"file": "own.py", "sha256": sha256(ENCODER.encode()).hexdigest()}
    (tmp_path / "own.py").write_text(f"{ENCODER}\n# changed")
    done = vrbench(tmp_path, *words)
    assert done.returncode == 2
    assert "plugins" in done.stderr
    assert vrbench(tmp_path, *words, "--overwrite").returncode == 0


def test_help_has_it() -> None:
    assert "--plugin" in run("eval", "--help").out
