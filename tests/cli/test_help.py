"""What helps while a command is typed: groups of options, explanations, completion, and ``-q``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_runs import refused, run
from small_features import write_features
from typer.main import get_command

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.cli.catalogue import CATALOGUE, REGISTRIES, classes_of
from vrbench.cli.completion import complete_spec
from vrbench.cli.panels import panel
from vrbench.registry import explain, parameters

BI = ("both", "patch-word", "word-patch")
GENERAL = {"plugin", "help"}
"""Options that stand in the general group."""


def options(command: Any, path: str = "") -> list[tuple[str, Any]]:
    """List (command, option) of a command and of those below it."""
    if hasattr(command, "commands"):
        return [row for name, one in command.commands.items() for row in options(one, name)]
    return [(path, one) for one in command.params if one.param_type_name == "option"]


def test_every_option_stands_in_a_group() -> None:
    found = {(name, one.name) for name, one in options(get_command(app)) if not panel(one.name)}
    assert {option for _, option in found} <= GENERAL


@pytest.mark.parametrize("words", ["-h", "eval -h", "train linear -h", "task qa -h"])
def test_h_is_help(words: str) -> None:
    assert run(*words.split()).out == run(*words.replace("-h", "--help").split()).out


def test_help_shows_groups_and_defaults() -> None:
    shown = run("eval", "-h").out
    for title in ("Method", "Protocol", "Data", "Output", "Resources"):
        assert f" {title} " in shown
    assert "[default: 1,5,10]" in shown


@pytest.mark.parametrize("kind", REGISTRIES)
def test_every_parameter_of_every_method_is_explained(kind: str) -> None:
    for name, cls in classes_of(kind).items():
        found = explain(cls)
        assert found.summary, name
        assert [one.name for one in found.parameters] == [one.name for one in parameters(cls)]
        assert all(one.text for one in found.parameters), (kind, name)


def test_list_explains_one_entry() -> None:
    shown = run("list", "methods", "tokenflow").out
    assert "s^T = mean_t e_t sum_s softmax_s(lam d_s c[s,t]) c[s,t]" in shown
    assert "  lam=10       lambda >= 0.\n" in shown
    assert "(frame | patch)" in shown
    assert "No parameters." in run("list", "methods", "global").out
    found = json.loads(run("list", "norms", "ncl", "--json").out)
    assert [one["name"] for one in found["parameters"]][:2] == ["gamma", "iterations"]
    assert found["parameters"][2]["values"] == ["uniform", "captions"]
    for kind in ("metrics", "tables"):
        row = CATALOGUE[kind]()[0]
        assert row["summary"] in run("list", kind, row["name"]).out
        assert json.loads(run("list", kind, row["name"], "--json").out) == row


def test_an_unknown_entry_is_refused() -> None:
    refused("list", "methods", "tokenflw", says="Did you mean 'tokenflow'\\? vrbench list methods")


def test_plot_without_a_name_lists_the_figures() -> None:
    assert run("plot").out == run("list", "figures").out


def test_the_figure_of_a_head_is_listed_with_the_others() -> None:
    assert "  training " in run("plot").out
    assert "Loss of each epoch" in run("list", "figures", "training").out
    assert complete_spec(classes_of("figures"), "train") == ["training"]
    refused("plot", "trainig", "h.st", says="Did you mean 'training'\\?.* space, training\\.")
    refused("plot", "training:x=1", "h.st", says="training has no parameters")


def test_usage_names_the_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vrbench", "list", "-h"], capture_output=True, text=True, check=True
    )
    assert " Usage: vrbench list " in done.stdout


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("tokenf", ["tokenflow"]),
        ("0.5*global+0.5*tokenf", ["0.5*global+0.5*tokenflow"]),
        ("tokenflow:", ["tokenflow:lam=10", "tokenflow:level=frame", "tokenflow:level=patch"]),
        ("tokenflow:lam=3,l", ["tokenflow:lam=3,level=frame", "tokenflow:lam=3,level=patch"]),
        ("ucofia:levels=video+frame,b", [f"ucofia:levels=video+frame,bi={one}" for one in BI]),
        ("nothing:", []),
    ],
)
def test_specs_are_completed(begun: str, offered: list[str]) -> None:
    assert complete_spec(classes_of("methods"), begun) == offered


def completed(line: str) -> set[str]:
    """Return what zsh offers at the end of a line."""
    variables = {"_VRBENCH_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}
    done = subprocess.run(
        [sys.executable, "-m", "vrbench"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **variables},
    )
    return {part.replace("\\", "") for part in done.stdout.split('"')[1::2]}


def test_a_shell_is_offered_names_and_ids() -> None:
    assert completed("vrbench plot que") == {"queue-size"}
    assert completed("vrbench table ncl-") == {f"ncl-{i}" for i in range(1, 6)}
    assert completed("vrbench list norms nc") == {"ncl"}
    assert completed("vrbench eval --norm ncl:side=") == {"ncl:side=last", "ncl:side=first"}
    assert completed("vrbench show video7020") == {"video7020#0", "video7020"}
    assert "linear" in completed("vrbench train li")


@pytest.mark.usefixtures("place")
def test_eval_says_where_its_results_lie() -> None:
    assert "The result lies in r: " in run("eval", "f.h5", "--method", "global", "--out", "r").err
    words = ("eval", "f.h5", "--method", "global", "--method", "max-avg", "--out", "r")
    assert "2 results lie in r: " in run(*words).err
    assert run(*words, "-q").err == ""


@pytest.mark.usefixtures("place")
def test_a_grid_runs_what_it_can_and_names_the_norms_without_a_bank() -> None:
    write_features(Path("bare.h5"), bank=())
    words = ("eval", "bare.h5", "--method", "global", "--norm")
    done = run(*words, "none", "--norm", "ncl", "--norm", "nnn", "-q", "--json")
    assert done.code == 2
    assert [one["norm"] for one in done.results] == ["none"]
    assert "vrbench: Left out: ncl, nnn. bare.h5 has no bank of training queries" in done.err
    assert done.err.endswith("with --bank test (transductive).\n")
    refused(*words, "ncl", says="^vrbench: bare.h5 has no bank of training queries")
    assert run(*words, "none", "--norm", "ncl", "--bank", "test").code == 0


@pytest.mark.usefixtures("place")
def test_a_label_stands_in_tables_and_file_names() -> None:
    words = ("eval", "f.h5", "--method", "global", "--out", "r", "-q")
    done = run(*words, "--label", "first try")
    assert " first try, global " in done.out
    (name,) = (path.stem for path in Path("r").glob("*.json"))
    assert name.startswith("small-first-try-seeded-global-none_")
    assert "first try, global" in run("table", "--results", "r").out
    assert run(*words).code == 0
    assert len(list(Path("r").glob("*.json"))) == 2
    (labelled,) = run("eval", "f.h5", "--method", "max-avg", "--label", "x", "--json", "-q").results
    assert labelled["label"] == "x"


@pytest.mark.usefixtures("place")
def test_a_baseline_is_what_the_others_are_tested_against() -> None:
    methods = [word for name in ("global", "max-avg", "uniform") for word in ("--method", name)]
    assert run("eval", "f.h5", *methods, "--out", "r", "-q").code == 0
    (raw,) = Path("r").glob("*max-avg*.json")
    words = ("compare", "r", "--draws", "99", "--json")
    every = json.loads(run(*words).out)["tests"]
    report = json.loads(run(*words, "--baseline", raw).out)
    assert len(report["results"]) == 3
    assert {(one["a"], one["b"]) for one in report["tests"]} == {(0, 1), (0, 2)}
    assert 3 * len(report["tests"]) == 2 * len(every)
    assert "max-avg" in json.dumps(report["results"][0])
    refused(*words, "--baseline", "nothing.json", says="nothing.json does not exist")
    Path("empty").mkdir()
    refused(*words, "--baseline", "empty", says="empty is a folder: --baseline takes one result")
    refused("compare", "empty", says="0 results are nothing to compare")
