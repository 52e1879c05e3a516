"""Every command that stands on a page without its output is run, on small files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("PIL")
pytest.importorskip("av")
pytest.importorskip("matplotlib")
pytest.importorskip("transformers")

from cli_runs import run
from page_material import BY_PAGE
from shown import PAGES, REMADE, ROOT, in_blocks, in_consoles

ELSEWHERE = {
    "README.md": "test_shown_commands.py runs them",
    "docs/extending.md": "test_extending.py runs them",
    "docs/figures.md": "docs/figures.py runs them for the pictures",
}
"""Pages whose commands something else runs."""

NOT_HERE = {
    "--cluster $HOME/scheduler.json": "needs nodes of SLURM",
    "--cluster tcp://scheduler.default.svc:8786": "needs a cluster of Kubernetes",
    "--weights build/models": "needs the two encoders of the bundled features",
    "train projection:width=128+linear B/fit.h5": "needs features of these encoders",
}
"""Words that name a command which cannot run here -> why."""


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _shown(page: Path) -> list[list[str]]:
    """Return the commands of a page that ``make docs`` does not run."""
    return [*(() if page in REMADE else in_consoles(page)), *in_blocks(page)]


def _reasons(words: list[str]) -> Iterator[str]:
    return (part for part in NOT_HERE if part in " ".join(words))


SHOWN = {_name(page): _shown(page) for page in PAGES if _name(page) not in ELSEWHERE}


@pytest.mark.parametrize("page", [page for page, shown in SHOWN.items() if shown])
def test_the_commands_of_a_page_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if page in BY_PAGE:
        BY_PAGE[page]()
    for words in SHOWN[page]:
        if not any(_reasons(words)):
            done = run(*words)
            assert done.code == 0, f"vrbench {' '.join(words)}\n{done.err}"


def test_what_is_not_run_is_still_shown() -> None:
    found = {reason for shown in SHOWN.values() for words in shown for reason in _reasons(words)}
    assert found == set(NOT_HERE)
    assert set(BY_PAGE) <= SHOWN.keys()
    assert all((ROOT / page).exists() for page in ELSEWHERE)
