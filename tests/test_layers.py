"""The floors of ARCHITECTURE.md: no room imports one of its own floor or above, and no circles."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vrbench"


def modules() -> dict[str, Path]:
    """Dotted name -> file of every module of the package."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(path: Path, *, inside: bool) -> Iterator[str]:
    """Yield the modules of vrbench that a file imports; ``inside``: in functions, for types too."""

    def visit(node: ast.AST) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if (function or typing) and not inside:
                continue
            if isinstance(child, ast.ImportFrom) and (child.module or "").startswith("vrbench"):
                for alias in child.names:
                    whole = f"{child.module}.{alias.name}"
                    yield whole if whole in MODULES else str(child.module)
            elif isinstance(child, ast.Import):
                yield from (a.name for a in child.names if a.name.startswith("vrbench."))
            yield from visit(child)

    return visit(ast.parse(path.read_text(encoding="utf-8")))


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def floors() -> dict[str, int]:
    """The floor of each room, as ARCHITECTURE.md has them."""
    rows = re.findall(
        r"^\| (\d+) \| (.*) \|$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE
    )
    return {name: int(floor) for floor, rooms in rows for name in re.findall(r"`(\w+)`", rooms)}


def test_every_room_has_a_floor() -> None:
    assert set(floors()) == {room(module) for module in MODULES} - {""}


def test_no_import_climbs() -> None:
    floor = floors()
    climbing = [
        f"{module} imports {other}"
        for module, path in MODULES.items()
        if module != "vrbench"  # the front door, whose names are imported when they are used
        for other in imported(path, inside=True)
        if room(other) and room(other) != room(module) and floor[room(other)] >= floor[room(module)]
    ]
    assert not climbing


def test_no_circle_of_modules() -> None:
    needs = {m: {*imported(path, inside=False)} - {m} for m, path in MODULES.items()}
    left = dict(needs)
    while free := [m for m, others in left.items() if not others & left.keys()]:
        for module in free:
            del left[module]
    assert not left, "these import each other when they are loaded"


def test_few_entries_in_the_house() -> None:
    entries = [path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    assert len(entries) <= 32, sorted(entries)


def test_what_the_tests_look_for_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(
        "from vrbench import errors\nimport vrbench.sims.sim\n"
        "def f():\n    from vrbench.cli.app import note\n"
    )
    seen: defaultdict[bool, set[str]] = defaultdict(set)
    for inside in (False, True):
        seen[inside] |= {*imported(file, inside=inside)}
    assert seen[False] == {"vrbench.errors", "vrbench.sims.sim"}
    assert seen[True] == {*seen[False], "vrbench.cli.app"}
