from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vrbench.alignments import alignments, parse_method
from vrbench.alignments.base import TokenAlignment
from vrbench.cli.catalogue import registered
from vrbench.errors import InputError
from vrbench.registry import Registry, origin

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.engine.tiles import Tile


@pytest.fixture
def put_back() -> Iterator[None]:
    """Forget what a test registers."""
    alignments.classes()
    before = dict(alignments._classes)
    yield
    alignments._classes.clear()
    alignments._classes.update(before)


@pytest.mark.usefixtures("put_back")
def test_adding_a_class_is_all_it_takes() -> None:
    @alignments.register("added")
    @dataclass(frozen=True)
    class Added(TokenAlignment):
        """An alignment that was added.

        Attributes:
            power: of nothing.
        """

        power: int = 2
        source = "this test"

        def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
            return tile.c.sum((1, 2)) * self.power, tile.c.sum((1, 2))

    assert parse_method("0.5*added:power=3+global").parts[0] == (0.5, Added(3))
    assert parse_method("added:power=2").spec == "added"
    entry = next(entry for entry in registered(alignments.classes()) if entry["name"] == "added")
    assert entry == {
        "name": "added",
        "parameters": "power=2",
        "summary": "An alignment that was added.",
        "source": "this test",
        "file": "test_registering.py",
        "sha256": sha256(Path(__file__).read_bytes()).hexdigest(),
    }
    with pytest.raises(InputError, match="Did you mean 'added'"):
        parse_method("aded")


OWN = """
from dataclasses import dataclass
from {package} import things

@things.register("{name}")
@dataclass(frozen=True)
class Thing:
    size: float
    left: bool = False
"""


def make_package(folder: Path, package: str) -> None:
    """A package with a registry, one method in a module of it, and one in another distribution."""
    (folder / package).mkdir()
    (folder / package / "__init__.py").write_text(
        "from vrbench.registry import Registry\n"
        f"things: Registry[object] = Registry('thing', '{package}')\n"
    )
    (folder / package / "own.py").write_text(OWN.format(package=package, name="own"))
    (folder / f"{package}_plugin.py").write_text(OWN.format(package=package, name="third-party"))
    info = folder / f"{package}_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{package}]\nthird-party = {package}_plugin\n")


def test_modules_of_the_package_and_entry_points_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_package(tmp_path, "things_of_a_test")
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry[Any] = __import__("things_of_a_test").things
    assert list(registry.classes()) == ["own", "third-party"]
    thing = registry.parse("third-party:size=3,left=true")
    assert (thing.size, thing.left) == (3.0, True)
    assert registry.spec(thing) == "third-party:size=3,left=true"
    where = origin(type(thing))
    assert where is not None
    assert (where.distribution, where.version) == ("things_of_a_test-plugin", "1.0")
    assert (
        where.sha256 == sha256((tmp_path / "things_of_a_test_plugin.py").read_bytes()).hexdigest()
    )
    with pytest.raises(InputError, match="'own' needs a value for size"):
        registry.parse("own")
