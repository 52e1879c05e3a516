"""docs/extending.md: what it shows is made a distribution and run beside the wheel alone."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import prepared
import pytest
from extending_page import COMMANDS, FILES, ROOT
from small_features import write_features
from toy_videos import write_videos


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
    assert "brightness" in json.dumps(about)


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
