from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli_runs import refused, run

import vrbench

# --- table and list


@pytest.mark.usefixtures("place")
def test_table_prints_every_result_found() -> None:
    run("eval", "f.h5", "--method", "global", "--norm", "none", "--norm", "dsl")
    done = run("table")
    assert done.code == 0
    assert "global" in done.out
    assert "dsl" in done.out
    cells = json.loads(run("table", "--format", "json").out)
    assert {"table", "row", "column", "value", "unit", "kind", "source"} == set(cells[0])
    assert {cell["kind"] for cell in cells} == {"measured"}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "content", ["{}", "[]", "nonsense", '{"schema": 1}', '{"schema": 2}', "\x00", ""]
)
def test_table_leaves_out_what_is_no_result(content: str) -> None:
    run("eval", "f.h5", "--method", "global")
    Path("results/other.json").write_text(content)
    done = run("table")
    assert done.code == 0
    assert "global" in done.out
    assert "other.json" in done.err


@pytest.mark.usefixtures("place")
def test_table_refuses_what_is_not_there() -> None:
    refused("table", "--results", "nowhere", says="nowhere is not a folder.*run vrbench eval")
    refused("table", says="results is not a folder of results: run vrbench eval first")
    refused("table", "--system", "clip4clp", says="Did you mean 'CLIP4Clip'?")
    refused("table", "tokenflow-9", says="tokenflow-9")
    assert run("table", "tokenflow-5", "--results", "nowhere").code == 0


def test_list_names_everything_registered() -> None:
    done = run("list", "--json")
    found = json.loads(done.out)
    assert {"methods", "norms", "metrics", "tables"} <= set(found)
    assert {"tokenflow", "emd"} <= {entry["name"] for entry in found["methods"]}
    assert all(entry["summary"] for entries in found.values() for entry in entries)
    text = run("list", "methods").out
    assert "tokenflow:lam=10" in text
    assert "norms:" not in text
    refused("list", "method", says="Unknown kind 'method'. Did you mean 'methods'?")


def test_every_listed_method_and_norm_runs(place: Path) -> None:
    found = json.loads(run("list", "--json").out)
    spec_of = {"ucofia": "ucofia:levels=video+frame"}  # the file has no patches
    names = [entry["name"] for entry in found["methods"]]
    words = [word for name in names for word in ("--method", spec_of.get(name, name))]
    done = run("eval", place / "f.h5", *words, "--json", "-q")
    assert len(done.results) == len(found["methods"])
    norms = [word for entry in found["norms"] for word in ("--norm", entry["name"])]
    done = run("eval", place / "f.h5", "--method", "global", *norms, "--json", "-q")
    assert len(done.results) == len(found["norms"])


# --- in a process of its own


HEAVY = ("torch", "numpy", "h5py", "pandas", "scipy", "ot", "numba", "matplotlib", "onnxruntime")
LOADED = f"print(sorted(m for m in {HEAVY!r} if m in sys.modules), file=sys.stderr)"
HELP = f"""
import sys
from vrbench.cli import main
sys.argv = ["vrbench", *sys.argv[1:]]
try:
    main()
except SystemExit as error:
    assert not error.code, error.code
{LOADED}
"""


@pytest.mark.parametrize("words", [[], ["eval"], ["table"], ["inspect"]], ids=str)
def test_help_imports_nothing_heavy(words: Sequence[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELP, *words, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage: vrbench" in done.stdout
    assert done.stderr.strip() == "[]"


def test_the_version_is_printed() -> None:
    assert run("--version").out == f"vrbench {vrbench.__version__}\n"


def test_import_vrbench_imports_nothing_heavy() -> None:
    code = f"import sys; import vrbench; vrbench.__version__; {LOADED}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_the_public_names_are_all_there() -> None:
    for name in ("open", "evaluate", "score", "normalize", "metrics", "InputError", "Tokens"):
        assert name in dir(vrbench)
        assert getattr(vrbench, name) is not None
    assert all(hasattr(vrbench, name) for name in vrbench.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = vrbench.nothing


@pytest.mark.usefixtures("place")
def test_an_error_in_a_real_process_has_no_traceback() -> None:
    code = "from vrbench.cli import main; main()"
    command = [sys.executable, "-c", code, "eval", "missing.h5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("vrbench: missing.h5 does not exist")
    assert done.stderr.count("\n") == 1
