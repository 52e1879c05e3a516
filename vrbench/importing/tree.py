"""The arrays in a file or folder, by name, before it is said what they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

About = tuple[tuple[int, ...], np.dtype[Any]]

ALONE = ""
"""Name of the array of a file that holds one array without a name."""


class Stored:
    """An array that is read when it is used.

    Args:
        read: reads it.
        about: its shape and type, or what reads them; None: what ``read`` returns says it.
    """

    def __init__(
        self, read: Callable[[], NDArray[Any]], about: About | Callable[[], About] | None = None
    ) -> None:
        self._read, self._look = read, about

    @cached_property
    def _about(self) -> About:
        if isinstance(self._look, tuple):
            return self._look
        if self._look is not None:
            return self._look()
        found = self._read()
        return found.shape, found.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self._about[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its type."""
        return self._about[1]

    @property
    def ndim(self) -> int:
        """Number of its axes."""
        return len(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        found = self._read()
        return found if dtype is None else found.astype(dtype)


@dataclass(frozen=True, eq=False)
class Tree:
    """Arrays, and groups of arrays, by name.

    Attributes:
        path: the file or folder, for messages.
        parts: name -> an array (numpy's or ``Stored``), or a ``Tree``; ``ALONE`` is the name of the
            only array of a file.
        what: what the file is, for messages: "a torch file".
        files: the file of each part, where it has one of its own.
        captions: the file that holds captions beside the arrays, by prefix ("" or ``bank_``).
        notes: sentences on how the parts were read.
        pairs: whether row i of every array is of the same item or pair.
    """

    path: str
    parts: Mapping[str, Any]
    what: str = "a file"
    files: Mapping[str, Path] = field(default_factory=dict)
    captions: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    pairs: bool = False

    def place(self, name: str) -> str:
        """Return where a part is, for messages: its file, or the file and its name."""
        return str(self.files[name]) if name in self.files else f"{self.path}: '{name}'"

    def short(self, name: str) -> str:
        """Return a part for messages that have named the file already."""
        return self.files[name].name if name in self.files else f"'{name}'"

    @property
    def arrays(self) -> dict[str, Any]:
        """The parts that are arrays."""
        return {name: part for name, part in self.parts.items() if not isinstance(part, Tree)}

    def all_names(self) -> Iterator[str]:
        """Yield the names of all arrays, those of groups as ``group/name``."""
        for name, part in self.parts.items():
            if isinstance(part, Tree):
                yield from (f"{name}/{inner}" for inner in part.all_names())
            else:
                yield name


class Layout(ABC):
    """A frozen dataclass that reads the files of one program or format as a ``Tree``.

    The first line of its documentation is printed by ``vrbench list layouts``.
    """

    what: ClassVar[str]
    """What such a file is, for messages."""
    needs: ClassVar[str] = ""
    """The extra that it needs, for listings."""
    last: ClassVar[bool] = False
    """Whether others are tried first."""

    @abstractmethod
    def fits(self, path: Path, start: bytes) -> bool:
        """Whether a file that begins with ``start``, or a folder, is of this layout."""

    @abstractmethod
    def read(self, path: Path) -> Tree:
        """Return its arrays.

        Raises:
            InputError: it is damaged, or holds what is not read.
        """
