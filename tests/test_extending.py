"""docs/extending.md: what it shows is made a distribution and run beside the wheel alone."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import prepared
import pytest
from small_features import write_features
from toy_videos import write_videos

from vrbench.alignments import alignments
from vrbench.auditing.rules import rules
from vrbench.datasets import datasets
from vrbench.encoders import encoders
from vrbench.figures import figures
from vrbench.heads import heads
from vrbench.losses import losses
from vrbench.normalizations import normalizations
from vrbench.registry import Registry
from vrbench.sequences import sequences

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^\*\*`(.+?)`\*\*\n\n```\w+\n(.*?)^```$", PAGE, re.M | re.S))
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)
    for line in block.splitlines()
]
REGISTRIES: tuple[Registry[Any], ...] = (
    *(alignments, sequences, normalizations, heads, losses, encoders, datasets, figures, rules),
)


def table(title: str) -> list[list[str]]:
    """The rows of the table under a heading, cells stripped."""
    part = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


def stable() -> dict[str, set[str]]:
    """Module -> names that may be imported from it."""
    found = {}
    for module, names in table("Stable for plug-ins"):
        plain = re.sub(r": (`\w+`(, )?)+;?", " ", names)  # what a class has
        found[module.strip("`")] = set(re.findall(r"`(\w+)`", plain))
    return found


def test_every_block_is_short_and_of_a_file() -> None:
    assert set(FILES) == {
        *("mine.py", "try_it.py", "pyproject.toml"),
        *(f"acme_vrbench/{name}.py" for name in ("alignment", "norm", "head", "loss")),
        *(f"acme_vrbench/{name}.py" for name in ("dataset", "figure")),
    }
    assert len(re.findall(r"^```\w", PAGE, re.M)) == len(FILES) + PAGE.count("\n```sh\n")
    for name, text in FILES.items():
        assert text.count("\n") < 40, name


def test_what_is_stable_is_there() -> None:
    for module, names in stable().items():
        assert names, module
        for name in names:
            assert hasattr(import_module(module), name), f"{module}.{name}"


def test_what_a_stable_class_is_said_to_have_is_there() -> None:
    members = 0
    for module, names in table("Stable for plug-ins"):
        for cls, listed in re.findall(r"`(\w+)`: ((?:`\w+`(?:, )?)+)", names):
            found = getattr(import_module(module.strip("`")), cls)
            for member in re.findall(r"`(\w+)`", listed):
                members += 1
                assert member in {*dir(found), *found.__annotations__}, f"{cls}.{member}"
    assert members > 10


def test_what_is_shown_imports_what_is_stable_only() -> None:
    known = stable()
    imports = 0
    for name, text in FILES.items():
        for node in ast.walk(ast.parse(text) if name.endswith(".py") else ast.Module([], [])):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("vrbench"):
                imports += 1
                assert {alias.name for alias in node.names} <= known[str(node.module)], name
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "vrbench":
                assert node.attr in known["vrbench"], name
    assert imports > 5


def test_every_group_and_base_is_listed() -> None:
    listed = {row[0].strip("`"): row for row in table("Groups of entry points")}
    assert set(listed) == {registry.group for registry in REGISTRIES}
    for registry in REGISTRIES:
        bases = registry.base if isinstance(registry.base, tuple) else (registry.base,)
        _, kind, names = listed[registry.group]
        assert kind.startswith(registry.kind)
        assert re.findall(r"`(\w+)`", names) == [base.__name__ for base in bases]
        for base in bases:
            assert any(base.__name__ in names for names in stable().values())


# --- in an environment with the wheel alone


@dataclass(frozen=True)
class Place:
    """A folder with the page's files, and an environment with both distributions installed.

    Attributes:
        folder: where commands run.
        python: the environment's.
        purelib: where it has vrbench and what the page shows, beside no library.
    """

    folder: Path
    python: Path
    purelib: Path

    def run(self, *words: str) -> str:
        """Run a command, outside of the checkout; it has to succeed."""
        done = subprocess.run(
            words, cwd=self.folder, env=bare(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def vrbench(self, *words: str) -> str:
        """Run a command of the wheel, with the libraries imported already."""
        done = prepared.vrbench(self.folder, *words, path=[self.purelib])
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout


def can_build() -> bool:
    """Looked up, not imported: setuptools replaces modules as it is imported."""
    try:
        return bool(version("pip")) and int(version("setuptools").partition(".")[0]) >= 77
    except PackageNotFoundError:
        return False


def bare() -> dict[str, str]:
    """The environment without what would lead to the checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def install(python: Path, project: Path, folder: Path) -> None:
    """Build the wheel of a project in a copy of it, and install it."""
    copy = folder / f"{project.name}-copy"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "vrbench", "acme_vrbench"):
        path = project / name
        if path.is_dir():
            shutil.copytree(path, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.exists():
            shutil.copy(path, copy / name)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--no-input", "-q"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
    done = subprocess.run(
        [*pip, "install", *options, str(copy)], env=bare(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The third-party libraries are those of this environment; vrbench is that of the wheel."""
    if not can_build():
        pytest.skip("needs pip, and setuptools 77 or newer")
    folder = tmp_path_factory.mktemp("outside")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True, env=bare()
    )
    python = folder / "env" / "bin" / "python"
    purelib = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        env=bare(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # paths of a .pth file are added, their own .pth files (an editable vrbench) are not read
    paths = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (Path(purelib) / "libraries.pth").write_text("\n".join(sorted(paths)) + "\n")
    for name, text in FILES.items():
        file = folder / ("" if "/" not in name and name.endswith(".py") else "acme") / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "acme" / "acme_vrbench" / "__init__.py").write_text("")
    install(python, ROOT, folder)
    install(python, folder / "acme", folder)
    write_features(folder / "features.h5", noise=3)
    write_features(folder / "train.h5", seed=1, counts=(1, 2, 1) * 8, prefix="t-")
    write_videos(folder / "videos", ["a", "b"])
    (folder / "captions").mkdir()
    (folder / "captions" / "test.txt").write_text("a\tone\nb\ttwo\na\tthree\n")
    return Place(folder, python, Path(purelib))


@pytest.mark.slow
def test_the_wheel_is_what_runs(place: Place) -> None:
    where = place.run(str(place.python), "-c", "import vrbench; print(vrbench.__file__)")
    assert Path(where.strip()).is_relative_to(place.folder / "env")
    script = place.python.with_name("vrbench")
    assert place.run(str(script), "--version").startswith("vrbench ")
    code = "import vrbench, acme_vrbench.norm as a; print(vrbench.__file__, a.__file__, sep='\\n')"
    prepared.start(
        [],
        place.folder,
        path=[place.purelib],
        streams=(str(place.folder / "said"), os.devnull),
        code=code,
    ).wait()
    for file in (place.folder / "said").read_text().splitlines():
        assert Path(file).is_relative_to(place.purelib)


@pytest.mark.slow
def test_every_command_of_the_page_runs(place: Place) -> None:
    printed = {}
    for line in COMMANDS:
        program, *words = shlex.split(line)
        printed[line] = (
            place.vrbench(*words) if program == "vrbench" else place.run(program, *words)
        )
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    whose = f"{project['name']} {project['version']}"
    assert f"From {whose}." in printed["vrbench list datasets"]
    assert "(2 videos, 3 texts)" in printed["vrbench list datasets"]
    assert "From mine.py." in printed["vrbench list methods --plugin mine.py"]
    results = [json.loads(file.read_text()) for file in (place.folder / "results").glob("*.json")]
    assert len(results) == 2 + 4 + 1 + 1
    by_spec = {(result["method"], result["norm"]): result for result in results}
    origins = by_spec["top-k:k=3", "z-score"]["provenance"]["plugins"]
    assert [f"{one['distribution']} {one['version']}" for one in origins] == [whose]
    assert by_spec["best-word:power=2", "none"]["provenance"]["plugins"][0]["file"] == "mine.py"
    assert "plugins" not in by_spec["max-avg", "none"]["provenance"]
    (behind,) = (result for result in results if result["head"])
    assert (behind["head"]["head"], behind["head"]["loss"]) == ("gains", "smoothed:share=0.2")
    assert behind["provenance"]["plugins"] == origins
    (numbers,) = (place.folder / "results").glob("found-*.csv")
    assert numbers.read_text().startswith("direction,stage,K,queries\n")
    about = json.loads(place.vrbench("inspect", "new.h5", "--json"))
    assert "tab-separated" in json.dumps(about)


@pytest.mark.slow
def test_what_is_shown_computes_what_it_says(place: Place) -> None:
    place.run(str(place.python), "try_it.py")
    words = ("--method", "top-k:k=1", "--method", "max-avg", "--norm", "none", "--json")
    ours, known = json.loads(place.vrbench("eval", "features.h5", *words))
    assert ours["metrics"] == known["metrics"]
    check = (
        "import numpy as np, vrbench; rng = np.random.default_rng(0)\n"
        "bank, sim = rng.normal(size=(50, 6)), rng.normal(size=(5, 6))\n"
        "from vrbench.normalizations import normalizations\n"
        "from vrbench.normalizations.base import Bank\n"
        "from vrbench.sims.sim import Rows\n"
        "b = Bank(Rows(bank), np.ones(50), np.ones(6))\n"
        "got = normalizations.parse('z-score').fitted(b).transform(sim)\n"
        "want = (sim - bank.mean(0)) / (bank.std(0) + 1e-6)\n"
        "assert np.allclose(got, want, rtol=0, atol=1e-12)\n"
    )
    place.run(str(place.python), "-c", check)
