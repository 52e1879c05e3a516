"""Every command that a page or a docstring shows is one that vrbench takes; README's are run."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from shown import PAGES, ROOT, commands, in_blocks, in_consoles
from typer.main import get_command

from vrbench.alignments import parse_method
from vrbench.cli import registered  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.normalizations import normalizations

ELSEWHERE = {"extending.md"}
"""Pages whose commands take methods of their own: other tests run them."""


@cache
def _program() -> Any:
    """Return the command line, which takes longer to build than to parse with."""
    return get_command(app)


def _parsed(words: list[str]) -> dict[str, Any]:
    """Return the parameters of a command, which is not run."""
    command = _program()
    context = command.make_context("vrbench", list(words))
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    params: dict[str, Any] = context.params
    return params


def _check(words: list[str]) -> None:
    params = _parsed(words)
    many = {key: [v] if isinstance(v, str) else v or [] for key, v in params.items()}
    for spec in many.get("method", []):
        parse_method(spec.partition("=")[2] if words[0] == "reproduce" else spec)
    for spec in many.get("norm", []):
        if spec != "all":
            normalizations.parse(spec.replace("=scale", "=1"))


@pytest.mark.parametrize("page", [p for p in PAGES if p.name not in ELSEWHERE], ids=str)
def test_a_command_of_a_page_is_taken(page: Path) -> None:
    for words in [*in_consoles(page), *in_blocks(page)]:
        _check(words)


def test_a_command_of_a_docstring_is_taken() -> None:
    found = 0
    for path in (ROOT / "vrbench" / "cli" / "commands").glob("*.py"):
        for _, text in re.findall(r"( *)Examples:\n(.*?)\"\"\"", path.read_text("utf-8"), re.S):
            # an indented line goes on with the one above
            for words in commands(re.sub(r"\n {10,}", " ", text)):
                _check(words)
                found += 1
    assert found > 60


def test_a_command_that_is_not_taken_is_found() -> None:
    for wrong in ("vrbench eval --nomr ncl", "vrbench evil", "vrbench eval --method tokenfow"):
        [words] = commands(wrong)
        with pytest.raises(Exception, match=r"(?i)no such|tokenfow"):
            _check(words)


def test_the_four_commands_of_the_readme_run_on_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.savez("arrays.npz", image=rng.normal(size=(9, 8)), text=rng.normal(size=(9, 8)))
    shown = in_blocks(ROOT / "README.md")
    assert [words[0] for words in shown] == ["import", "inspect", "eval", "report"]
    for words in shown:
        done = run(*words)
        assert done.code == 0, done.err
    assert Path("results/report.html").exists()


def test_the_lines_of_python_of_the_readme_print_what_they_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    with redirect_stdout(io.StringIO()) as printed:
        exec(block, {})
    said = block.rpartition("# ")[2].split()
    [line] = [one for one in printed.getvalue().splitlines() if one.split()[:2] == said[:2]]
    assert float(line.split()[2]) == pytest.approx(float(said[2]), abs=1e-9)
