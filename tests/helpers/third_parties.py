"""A package with a registry of its own, and distributions that add to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vrbench.errors import InputError
from vrbench.registry import Registry

BASE = """
from abc import ABC, abstractmethod
from vrbench.registry import Registry

class Thing(ABC):
    @abstractmethod
    def weigh(self): ...

things = Registry("thing", "{package}", base=Thing)
"""

HEAD = """
from dataclasses import dataclass
from typing import Literal
from {package} import Thing, things
"""

WHOLE = """
@things.register("{name}")
@dataclass(frozen=True)
class Whole(Thing):
    size: float = 1
    mode: Literal["a", "b"] = "a"
    most: int | None = None

    def weigh(self): ...
"""

Add = Callable[..., None]


def things(package: str) -> Registry[Any]:
    found: Registry[Any] = __import__(package).things
    return found


def refused(package: str) -> str:
    """Search the registry twice: the same sentence each time."""
    said = []
    for _ in range(2):
        with pytest.raises(InputError) as caught:
            things(package).classes()
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "\n" not in said[0]
    assert said[0].endswith(".")
    return said[0]
