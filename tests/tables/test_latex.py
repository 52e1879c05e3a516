from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from figure_cases import bundled
from hostile import HOSTILE
from sample_results import sample_result

from vrbench import published
from vrbench.figures import figures
from vrbench.figures.plot import Look, plot
from vrbench.published import Cell, Column
from vrbench.tables import paper_table, results_table
from vrbench.tables.formats import Line, Section, Table
from vrbench.tables.latex import escape, latex

COLUMNS = (Column("t2v", "R@1", "percent"), Column("", "Mem", "GB"))
BEST = Cell(46.2, "46.2", best=True, beats="bc")
SECTION = Section(
    "measured",
    "Measured",
    "a_b & 50%; bank train 9 x 9",
    ("measured",),
    COLUMNS,
    (
        Line(
            ("A [1]: max:k=1, ncl:gamma=0.1, bank train 9 x 9",),
            (BEST, Cell(None, "-")),
            *("A", "a_1.json", "", "a"),
            brief="A [1]: max:k=1, ncl:gamma=0.1",
            bank="train 9 x 9",
        ),
        Line(("B",), (Cell(1.0, "1.0"), Cell(2.0, "2")), "B", "not measured"),
    ),
    ("Bold: best.",),
)

GOLDEN = r"""% needs \usepackage{booktabs}

\begin{table}
  \caption{T. Measured. a\_b \& 50\%}
  \centering\footnotesize\setlength{\tabcolsep}{4pt}
  \begin{tabular}{lrr}
    \toprule
     & \multicolumn{1}{c}{Text to video} & \multicolumn{1}{c}{} \\
    \cmidrule(lr){2-2}
    measured & R@1 & Mem (GB) \\
    \midrule
    % a_1.json
    A {[}1{]}: max, ncl\textsuperscript{1} (a) & \textbf{46.2}\textsuperscript{bc} & - \\
    B & 1.0 & 2 \\
    \bottomrule
  \end{tabular}
  \par \textsuperscript{1} Bank train 9 x 9.
  \par Bold: best.
\end{table}

\begin{itemize}
  \item 50\% of \#1.
\end{itemize}
"""


def test_golden_latex() -> None:
    assert latex(Table("t", "T", (SECTION,), ("50% of #1.",))) == GOLDEN


def test_escape() -> None:
    assert escape(r"a_b & c% $x$ #1 {y} \z ~ ^ < >") == (
        r"a\_b \& c\% \$x\$ \#1 \{y\} \textbackslash{}z \textasciitilde{} "
        r"\textasciicircum{} \textless{} \textgreater{}"
    )


@pytest.mark.parametrize("name", [*published.names(), *published.extras()])
def test_every_table_is_well_formed(name: str) -> None:
    text = latex(paper_table(name, [sample_result()]))
    assert text.isascii()
    bare = re.sub(r"\\[\\{}%&#_$]", "", text)
    assert bare.count("{") == bare.count("}")
    begun = re.findall(r"\\begin\{(\w+\*?)\}", text)
    assert sorted(begun) == sorted(re.findall(r"\\end\{(\w+\*?)\}", text))
    for body in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        rows = [line for line in body[1].splitlines() if line.endswith(r" \\")]
        assert len(rows) > 1
        for row in rows:
            spans = [int(n) for n in re.findall(r"\\multicolumn\{(\d+)\}", row)]
            cells = len(re.findall(r"(?<!\\)&", row)) + 1
            assert cells + sum(spans) - len(spans) == len(body[0])
            assert not re.search(r"(?<!\\)[%#_]", row)


def two(norms: tuple[str, str], methods: tuple[str, str] = ("global", "tokenflow:lam=5")) -> str:
    both = [
        sample_result(method=m, norm=n, bank={"kind": "train", "n_text": 9, "n_video": 8})
        for m, n in zip(methods, norms, strict=True)
    ]
    return latex(results_table(both))


def test_rows_have_names_and_parameters_only_where_they_differ() -> None:
    apart = two(("ncl:gamma=0.02", "ncl:gamma=0.02"))
    assert re.findall(r"^    (\S+) & (\S+) & ", apart, re.M)[1:] == [
        ("global", r"ncl\textsuperscript{1}"),
        ("tokenflow", r"ncl\textsuperscript{1}"),
    ]
    assert r"\par \textsuperscript{1} Bank train 9 x 8." in apart
    equal = two(("ncl:gamma=0.02", "ncl:gamma=0.05"), ("global", "global"))
    for gamma in ("0.02", "0.05"):
        assert rf"global & ncl:gamma={gamma}\textsuperscript{{1}} &" in equal
    none = two(("none", "none"))
    assert "superscript" not in none


def test_what_all_rows_share_and_what_heads_mean_stand_outside_the_table() -> None:
    text = two(("ncl", "ncl"))
    head = text.partition(r"\midrule")[0]
    assert "dataset " in head.partition(r"\centering")[0]
    assert "dataset" not in head.partition(r"\toprule")[2]
    assert re.search(r"\\multicolumn\{(\d+)\}\{c\}\{Text to video\} & \\multicolumn\{\1\}", head)
    assert "t2v" not in head.partition(r"\toprule")[2]
    assert "error: normalization error (0 is fair)" in text


@pytest.fixture(scope="session")
def engine() -> str:
    """A TeX engine; skips the test where there is none and none is insisted on."""
    found, look = shutil.which("pdflatex"), ["kpsewhich", "booktabs.sty"]
    if found and subprocess.run(look, capture_output=True, check=False).returncode == 0:
        return found
    if os.environ.get("VRBENCH_REQUIRE_TEX"):
        pytest.fail("pdflatex with booktabs is not installed, and VRBENCH_REQUIRE_TEX asks for it")
    pytest.skip("needs pdflatex and booktabs")


DOCUMENT = r"""\documentclass[twocolumn]{article}
\usepackage[T1]{fontenc}
\usepackage[margin=0.7in]{geometry}
\usepackage{booktabs,graphicx}
\setlength{\columnsep}{0.3in}
\begin{document}
\noindent\includegraphics[width=\columnwidth]{figure.pdf}
%s
\end{document}
"""


def compiled(engine: str, folder: Path, *tables: Table) -> str:
    """Compile tables behind a figure, and return the log."""
    figure = figures.parse("recalls")
    plot(figure, bundled(limit=20), "figure", folder, Look("pdf"))
    body = "\\clearpage\n".join(map(latex, tables))
    (folder / "t.tex").write_text(DOCUMENT % body, encoding="utf-8")
    words = [engine, "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def test_a_tex_engine_compiles_every_table_and_a_figure(engine: str, tmp_path: Path) -> None:
    names = [*published.names(), *published.extras()]
    odd = sample_result(dataset=HOSTILE, method=None, encoder="a_b & 50% #1 {y} \\z ~ ^ < > $")
    measured = results_table([odd, sample_result()])
    log = compiled(engine, tmp_path, measured, *(paper_table(n, [sample_result()]) for n in names))
    assert "Undefined" not in log


def test_a_table_of_results_fits_the_page(engine: str, tmp_path: Path) -> None:
    both = [sample_result(), sample_result(norm="ncl", method="tokenflow")]
    log = compiled(engine, tmp_path, results_table(both), paper_table("ncl-5", both))
    assert "Overfull \\hbox" not in log
