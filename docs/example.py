"""A worked example on the bundled features, from evaluation to report: commands and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.running import run

HEAD = """# A worked example

Made by `make docs`, which runs every command below in an empty folder and inserts its output. Only
vrbench is needed: without a feature file, commands take the bundled one (476 test videos of MSR-VTT
1k-A from two small encoders, with a bank of training queries; their R@K are modest). Omitted lines
are counted; progress and notes go to stderr and are not shown."""

STEPS: Sequence[tuple[str, str, Sequence[tuple[str, int]]]] = (
    (
        "Evaluate",
        """A grid of two alignments, raw and normalized with the training queries of the file. Each
cell is a file in `results/`, with the rank of every query; running it again skips what exists.""",
        (
            ("vrbench eval --method global --method tokenflow --norm none --norm ncl", 99),
            ("ls results", 4),
        ),
    ),
    (
        "Tables",
        """`reproduce` runs the grid of a paper's table, then prints the table: published rows and,
apart from them, the rows measured here. `table` prints it without running anything, and
`--format` takes `markdown`, `csv`, `latex` and `json`; `--system` shows every published number of
one system, and where papers differ. In CSV, of tables and figures, text that a spreadsheet would
take for a formula (it begins with `=`, `+`, `-` or `@` and is no number) has an apostrophe before
it.""",
        (
            ("vrbench reproduce ncl-5 --dry-run", 99),
            ("vrbench reproduce ncl-5 -q --format terminal", 99),
            ("vrbench table ncl-5 --format latex", 14),
            ("vrbench table --system HiT --format terminal", 99),
        ),
    ),
    (
        "Audit",
        """One matrix under every evaluation rule in use; [audit.md](audit.md) is the guide.""",
        (
            ("vrbench eval --method global -q --save-sim results/sims.npz", 0),
            ("vrbench audit results/sims.npz", 20),
        ),
    ),
    (
        "Compare",
        """Are two results different? Every pair is tested query by query, and the queries that
changed most are named. R@K has the exact McNemar test, MdR and MnR a bootstrap over queries; each
interval leaves 0 out just where p is at most .05.""",
        (("vrbench compare results --top 3", 26),),
    ),
    (
        "Show",
        """Why did a query change? Without an id, rescued and demoted queries are picked. `sum` is
the candidate's retrieval probability summed over all queries: it is large for a hub.""",
        (("vrbench show --method global --norm ncl --picks 1 --k 3 -q", 99),),
    ),
    (
        "Figures",
        """Each figure is a CSV of its numbers, and with the extra `plots` a PNG and an SVG, or with
`--format pdf` a PDF; [figures.md](figures.md) has all of them.""",
        (
            ("vrbench plot representation --method global -q", 99),
            ("vrbench plot recalls --method global -q", 99),
        ),
    ),
    (
        "Check us",
        """TREC run and qrels files, for ir_measures, ranx or trec_eval.""",
        (
            ("vrbench eval --method global -q --run run", 0),
            ("head -n 3 run.t2v.run run.t2v.qrels", 99),
        ),
    ),
    (
        "Report",
        """The whole folder as one page without network: results, tests, the papers' tables that
they fill, an audit of `sims.npz`, and the figures; there is no script in it.""",
        (("vrbench report results", 99),),
    ),
)
"""Title, text, and commands with the number of lines shown of their output."""


def page(shared: Path) -> str:
    """Return the page; it does not need the research data."""
    del shared
    parts = [HEAD]
    with TemporaryDirectory() as folder:
        for title, words, commands in STEPS:
            parts += [f"## {title}", words]
            parts += ["\n".join(_block(*one, Path(folder))) for one in commands]
    return "\n\n".join(parts) + "\n"


def _block(command: str, most: int, folder: Path) -> list[str]:
    printed = run(command, folder)
    while printed and not printed[-1]:
        printed.pop()
    shown = printed[:most]
    left = len(printed) - len(shown)
    more = [f"... ({left} {'more ' if shown else ''}lines)"] if left else []
    return ["```", f"$ {command}", *shown, *more, "```"]
