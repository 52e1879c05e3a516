"""docs/extending.md: its blocks, and what it says is stable."""

from __future__ import annotations

import ast
import re
from importlib import import_module

from extending_page import FILES, PAGE
from outside import REGISTRIES


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
        *(f"acme_vrbench/{name}.py" for name in ("encoder", "dataset", "figure")),
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
