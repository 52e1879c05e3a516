from __future__ import annotations

import re

import pytest
from sample_results import sample_result

from vrbench import published
from vrbench.published import Cell, Column
from vrbench.tables import paper_table
from vrbench.tables.formats import Line, Section, Table
from vrbench.tables.latex import escape, latex

COLUMNS = (Column("t2v", "R@1", "percent"), Column("", "Mem", "GB"))
BEST = Cell(46.2, "46.2", best=True, beats="bc")
SECTION = Section(
    "measured",
    "Measured",
    "a_b & 50%",
    ("measured",),
    COLUMNS,
    (
        Line(
            ("A [1]",), (Cell(46.2, "46.2", True, "bc"), Cell(None, "-")), "A", "a_1.json", "", "a"
        ),
        Line(("B",), (Cell(1.0, "1.0"), Cell(2.0, "2")), "B", "not measured"),
    ),
    ("Bold: best.",),
)

GOLDEN = r"""% needs \usepackage{booktabs}

\begin{table}
  \caption{T. Measured. a\_b \& 50\%}
  \centering
  \begin{tabular}{lrr}
    \toprule
    measured & t2v R@1 & Mem (GB) \\
    \midrule
    A {[}1{]} (a) {[}1{]} & \textbf{46.2}\textsuperscript{bc} & - \\
    B & 1.0 & 2 \\
    \bottomrule
  \end{tabular}
  \par\footnotesize Bold: best.
  \par\footnotesize {[}1{]} a\_1.json
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
    begun = re.findall(r"\\begin\{(\w+)\}", text)
    assert sorted(begun) == sorted(re.findall(r"\\end\{(\w+)\}", text))
    for body in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        rows = [line for line in body[1].splitlines() if line.endswith(r" \\")]
        assert len(rows) > 1
        for row in rows:
            assert len(re.findall(r"(?<!\\)&", row)) == len(body[0]) - 1
            assert not re.search(r"(?<!\\)[%#_]", row)
