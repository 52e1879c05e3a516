"""The start of writing: where a feature file is written, and the file without items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.features.commits import Committed
from vrbench.features.hdf5 import why_not_opened
from vrbench.runtime.files import check_file, check_place, replacing

SIGNATURE = b"\x89HDF\r\n\x1a\n"


@contextmanager
def successor(path: Path, overwrite: bool) -> Iterator[Path]:
    """Yield where to write: a file that is overwritten stays until the new one is whole.

    Raises:
        InputError: somebody else is writing the successor, or ``path`` is not to be replaced.
    """
    check_file(path)
    new = path.with_name(f".{path.name}.new")
    if new.exists():
        committed(new).close()  # refused where somebody is writing it
        new.unlink()  # of a process that died
    if not (overwrite and path.exists()):
        yield path
        return
    check_out(path, overwrite)
    with replacing(path, through=new) as part:
        yield part


def check_out(path: Path, overwrite: bool) -> None:
    """Check that a feature file may take the place of what is at ``path``.

    Raises:
        InputError: ``path`` is no file, a file that may not be overwritten, or something else than
            HDF5, such as the captions: these are never replaced; or its folder cannot be written.
    """
    check_place(path)
    if not path.exists():
        return
    if not overwrite:
        raise InputError(f"{path} exists already: use another --out, or --overwrite.")
    with path.open("rb") as stream:
        start = stream.read(len(SIGNATURE))
    if start not in (b"", SIGNATURE):
        raise InputError(f"{path} is no HDF5 file and is not overwritten: use another --out.")


def create(path: Path, attrs: Mapping[str, Any], *, beside: bool) -> None:
    """Create a file without items at once: a crash leaves no file or this one.

    Args:
        path: nothing yet, or an empty file.
        attrs: of the file.
        beside: write it beside ``path`` and move it there; a temporary file needs no other one.

    Raises:
        InputError: it cannot be written.
    """
    import h5py

    content = BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs.update({**attrs, "complete": False})
    if not beside:
        path.write_bytes(content.getvalue())
        return
    if path.exists():
        path.unlink()
    with replacing(path, only_new=True) as part:
        part.write_bytes(content.getvalue())


def committed(path: Path) -> Committed:
    """Open an existing file for writing; a commit that a dead writer had begun is finished.

    Raises:
        InputError: it cannot be opened, or somebody else is writing it.
    """
    try:
        return Committed(path)
    except OSError as error:
        raise InputError(why_not_opened(path, error)) from error
