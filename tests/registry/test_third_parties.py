"""Distributions with methods that a registry refuses: one sentence that names the distribution."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import pytest
from third_parties import BASE, HEAD, WHOLE, Add, refused, things

from vrbench.alignments import alignments
from vrbench.auditing.rules import rules
from vrbench.datasets import datasets
from vrbench.encoders import encoders
from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.heads import heads
from vrbench.losses.base import losses
from vrbench.normalizations import normalizations
from vrbench.registry import Registry
from vrbench.sequences import sequences

NUMBERS = itertools.count()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a registry of its own, and the thing ``own`` in it."""
    name = f"registry_of_a_test_{next(NUMBERS)}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(BASE.format(package=name))
    (tmp_path / name / "own.py").write_text((HEAD + WHOLE).format(package=name, name="own"))
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.fixture
def add(tmp_path: Path, package: str) -> Add:
    """Install a distribution with one module and one entry point."""

    def install(dist: str, code: str, entry: str = "added", **names: str) -> None:
        module = f"{package}_{dist}"
        text = (HEAD + code).format(package=package, **names)
        (tmp_path / f"{module}.py").write_text(text)
        info = tmp_path / f"{dist}-2.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 2.1\n")
        (info / "entry_points.txt").write_text(f"[{package}]\n{entry} = {module}\n")

    return install


def test_a_whole_one_is_found_with_what_a_spec_can_hold(package: str, add: Add) -> None:
    add("acme", WHOLE, name="added")
    registry = things(package)
    assert list(registry.classes()) == ["added", "own"]
    thing = registry.parse("added:size=3,mode=b,most=2")
    assert (thing.size, thing.mode, thing.most) == (3.0, "b", 2)
    assert registry.parse("added:most=none").most is None


def test_a_name_of_the_house_is_refused(package: str, add: Add) -> None:
    add("acme", WHOLE, name="own")
    message = refused(package)
    assert message.startswith("There is a thing 'own' of ")
    assert "of the distribution acme 2.1:" in message


def test_one_name_of_two_distributions_is_refused_with_both(package: str, add: Add) -> None:
    add("acme", WHOLE, name="added")
    add("bolt", WHOLE, name="added")
    message = refused(package)
    assert "the distribution acme 2.1" in message
    assert "the distribution bolt 2.1" in message


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def f(:\n", "SyntaxError: "),
        ("import {package}.absent\n", "ModuleNotFoundError: "),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("raise RuntimeError('two\\nlines')\n", "RuntimeError: two lines"),
        ("from vrbench import InputError\nraise InputError('odd')", "InputError: odd"),
    ],
)
def test_one_that_cannot_be_imported_is_refused(
    code: str, reason: str, package: str, add: Add
) -> None:
    add("acme", code)
    message = refused(package)
    assert message.startswith("The thing 'added' of the distribution acme 2.1 cannot be loaded (")
    assert reason in message
    assert message.endswith("repair, update or uninstall it.")


def test_an_interruption_is_none_of_its_failures(package: str, add: Add) -> None:
    add("acme", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        things(package).classes()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "@dataclass(frozen=True)\nclass A:\n    size: int = 1\n",
            "is not derived from {package}.Thing",
        ),
        ("class A(Thing):\n    def weigh(self): ...\n", "is no frozen dataclass"),
        ("@dataclass\nclass A(Thing):\n    def weigh(self): ...\n", "is no frozen dataclass"),
        (
            "@dataclass(frozen=True)\nclass B(Thing):\n    size: int = 1\n"
            "    def weigh(self): ...\n"
            "@register\nclass A(B):\n    more: int = 2\n",
            "is no frozen dataclass",
        ),
        ("@dataclass(frozen=True)\nclass A(Thing): ...\n", "does not say how to do weigh"),
        (
            "@dataclass(frozen=True)\nclass A(Thing):\n    size: list[int] = ()\n"
            "    def weigh(self): ...\n",
            "has the parameter 'size' of a type that no spec can hold",
        ),
        (
            "@dataclass(frozen=True)\nclass A(Thing):\n    size: Literal[1, 2] = 1\n"
            "    def weigh(self): ...\n",
            "has the parameter 'size' of a type that no spec can hold",
        ),
        (
            "@dataclass(frozen=True)\nclass A(Thing):\n    size: 'Path' = 1\n"
            "    def weigh(self): ...\n",
            "has annotations that cannot be read (name 'Path' is not defined)",
        ),
    ],
)
def test_a_class_that_is_no_method_is_refused(
    code: str, reason: str, package: str, add: Add
) -> None:
    head = "register = things.register('added')\n"
    code = code if "@register" in code else code.replace("@dataclass", "@register\n@dataclass", 1)
    code = code if "@register" in code else code.replace("class A", "@register\nclass A", 1)
    add("acme", head + code)
    message = refused(package)
    assert message.startswith("The thing 'added' of the distribution acme 2.1 ")
    assert reason.format(package=package) in message


@pytest.mark.parametrize("name", ["a+b", "a:b", "a,b", "a b", "", "-a", "2*a", "../a", "a/b", "ü"])
def test_a_name_that_no_spec_can_hold_is_refused(name: str, package: str, add: Add) -> None:
    add("acme", WHOLE, name=name)
    assert "of the distribution acme 2.1 has a name that no spec can hold" in refused(package)


def test_an_entry_point_that_registers_nothing_is_said_where_it_is_asked_for(
    package: str, add: Add
) -> None:
    add("acme", "class A: ...\n")
    registry = things(package)
    assert list(registry.classes()) == ["own"]
    with pytest.raises(InputError) as caught:
        registry.parse("added")
    assert str(caught.value) == (
        "Unknown thing 'added'. The entry point of this name of the distribution acme 2.1 "
        "registers nothing under it. Known: own."
    )


def test_one_imported_before_the_search_keeps_its_distribution(package: str, add: Add) -> None:
    add("acme", WHOLE, name="own")
    with pytest.raises(InputError, match=r"of the distribution acme 2\.1:"):
        __import__(f"{package}_acme")
    assert "own" in things(package)._classes
    assert things(package)._classes["own"].__module__ == f"{package}.own"


def test_a_second_class_of_one_file_is_refused(package: str, add: Add) -> None:
    add("acme", WHOLE + WHOLE, name="added")
    assert refused(package) == (
        "The thing 'added' stands twice in the distribution acme 2.1: rename one of them."
    )


def test_a_line_of_a_session_that_is_run_again_replaces(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = things(package)
    code = (HEAD + WHOLE).format(package=package, name="added")
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)

    def type_in(text: str) -> None:
        exec(compile(text, "<cell>", "exec", dont_inherit=True), {"__name__": "__main__"})

    type_in(code)
    type_in(code.replace("size: float = 1", "size: float = 2"))
    assert registry.parse("added").size == 2
    type_in(code.replace("Whole", "Other").replace('"added"', '"other"'))
    assert list(registry.classes()) == ["added", "other", "own"]
    with pytest.raises(InputError, match="There is a thing 'added' of this process and one of"):
        type_in(code.replace("Whole", "Other"))


def test_a_script_has_each_class_once(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    things(package)
    script = tmp_path / "script.py"
    script.write_text((HEAD + WHOLE).format(package=package, name="added"))
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    code = compile(script.read_text(), str(script), "exec", dont_inherit=True)
    exec(code, {"__name__": "__main__"})
    with pytest.raises(InputError, match=r"'added' stands twice in the file script\.py: rename"):
        exec(code, {"__name__": "__main__"})


@pytest.mark.parametrize(
    "registry",
    [alignments, datasets, encoders, figures, heads, losses, normalizations, rules, sequences],
)
def test_every_registry_of_the_house_is_open_and_has_a_base(registry: Registry[Any]) -> None:
    assert registry.base is not object
    apart = {rules.package: "vrbench.rules", heads.package: "vrbench.heads"}
    assert registry.group == apart.get(registry.package, registry.package)
    assert all(issubclass(cls, registry.base) for cls in registry.classes().values())
