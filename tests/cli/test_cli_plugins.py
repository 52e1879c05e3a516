"""``--plugin`` on every command, and what commands make of distributions with methods."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import typer
from cli_runs import refused, run
from long_videos import arrays, write
from plugged import ENCODER, FUNCTION, NORM, ORDER, evaluate, install, kept, vrbench
from small_features import write_features
from toy_videos import captions_of, write_captions, write_videos

from vrbench.cli.app import app
from vrbench.features import open_features


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
