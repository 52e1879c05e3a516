"""Where classes come from, and that another state of the code is another origin."""

from __future__ import annotations

import itertools
import sys
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import pytest

from vrbench.alignments.tokenflow import TokenFlow
from vrbench.normalizations.csls import CSLS
from vrbench.registry import Origin, origin, origins
from vrbench.registry.origins import _digest

NUMBERS = itertools.count()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package ``NAME`` of two modules; its distribution names another module of it."""
    name = f"package_of_a_test_{next(NUMBERS)}"
    package = tmp_path / name
    (package / "inner").mkdir(parents=True)
    for file in ("__init__.py", "helper.py", "inner/__init__.py"):
        (package / file).write_text("")
    (package / "methods.py").write_text("class A: ...\n")
    (package / "inner" / "more.py").write_text("class B: ...\n")
    (package / "data.bin").write_text("no code")
    monkeypatch.syspath_prepend(tmp_path)
    return package


def install(package: Path, version: str = "3.0", module: str = "methods") -> None:
    info = package.parent / f"acme_{package.name}-{version}.dist-info"
    info.mkdir()
    name = f"acme-{package.name}"
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[vrbench.rules]\na = {package.name}.{module}\n")


def found(package: Path, module: str = "methods", cls: str = "A") -> Origin:
    """The origin of a class, in a process that has not seen the package yet."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package.name]:
        del sys.modules[name]
    _digest.cache_clear()
    where = origin(getattr(import_module(f"{package.name}.{module}"), cls))
    assert where is not None
    return where


def test_what_is_built_in_has_none() -> None:
    assert origin(TokenFlow) is None
    assert origins(TokenFlow(), CSLS(), None) == []


def test_a_class_has_the_distribution_whose_entry_point_is_nearest(folder: Path) -> None:
    install(folder)
    where = found(folder)
    assert (where.distribution, where.version, where.file) == (f"acme-{folder.name}", "3.0", None)
    assert str(where) == f"the distribution acme-{folder.name} 3.0"
    assert found(folder, "inner.more", "B") == where
    assert where.to_dict() == {
        "sha256": where.sha256,
        "distribution": f"acme-{folder.name}",
        "version": "3.0",
    }


def test_without_a_distribution_it_is_the_package(folder: Path) -> None:
    where = found(folder)
    assert (where.distribution, where.version, where.file) == (None, None, folder.name)


def test_a_module_of_no_package_is_its_file(folder: Path) -> None:
    file = folder.parent / f"{folder.name}_alone.py"
    file.write_text("class C: ...\n")
    where = origin(import_module(file.stem).C)
    assert where == Origin(sha256(file.read_bytes()).hexdigest(), file=file.name)


def test_a_module_of_a_namespace_is_not_the_whole_namespace(folder: Path) -> None:
    for name in ("one", "two"):
        part = folder.parent / f"{folder.name}_space" / name
        part.mkdir(parents=True)
        (part / "__init__.py").write_text(f"class C: size = '{name}'\n")
    digests = {
        import_module(f"{folder.name}_space.{name}").C.size: origin(
            import_module(f"{folder.name}_space.{name}").C
        )
        for name in ("one", "two")
    }
    assert digests["one"] != digests["two"]
    assert {where.file for where in digests.values() if where} == {"one", "two"}


@pytest.mark.parametrize("changed", ["methods.py", "helper.py", "inner/more.py", "new.py"])
def test_changed_code_is_another_origin_whatever_the_version(changed: str, folder: Path) -> None:
    install(folder)
    before = found(folder)
    assert found(folder) == before
    with (folder / changed).open("a") as file:
        file.write("# changed\n")
    assert found(folder).sha256 != before.sha256


def test_a_renamed_module_is_another_origin(folder: Path) -> None:
    before = found(folder)
    (folder / "helper.py").rename(folder / "helped.py")
    assert found(folder) != before


def test_what_is_no_code_changes_nothing(folder: Path) -> None:
    before = found(folder)
    (folder / "data.bin").write_text("other")
    (folder / "__pycache__").mkdir(exist_ok=True)
    (folder / "__pycache__" / "helper.pyc").write_text("other")
    assert found(folder) == before


def test_a_version_is_part_of_it(folder: Path) -> None:
    install(folder, "3.0")
    before = found(folder)
    (folder.parent / f"acme_{folder.name}-3.0.dist-info" / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: acme-{folder.name}\nVersion: 3.1\n"
    )
    after = found(folder)
    assert (after.sha256, after.version) == (before.sha256, "3.1")
    assert after != before


def test_what_has_no_file_is_never_the_same_twice() -> None:
    one, other = (type("Typed", (), {"__module__": "no_such_module"}) for _ in range(2))
    assert str(origin(one)) == "this process"
    assert origin(one) == origin(one)
    assert origin(one) != origin(other)


def test_origins_stand_once_each_in_a_fixed_order(folder: Path) -> None:
    a = type("A", (), {"__module__": "no_such_module"})
    b = type("B", (), {"__module__": "no_such_module"})
    listed = origins(a(), b(), None, a(), TokenFlow())
    assert len(listed) == 2
    assert origins(b(), a()) == listed
