"""A plug-in that is a file: run as a module of its own, known by its name and SHA-256."""

from __future__ import annotations

import hashlib
import linecache
import sys
import traceback
from pathlib import Path
from types import ModuleType

from vrbench.errors import InputError
from vrbench.registry.origins import Origin, known, module_of_file


def load_file(path: Path) -> Origin:
    """Run a Python file that registers methods; a file of the same content is run once.

    Args:
        path: the file, which stands alone: its SHA-256 says nothing of what else it imports.

    Raises:
        InputError: it cannot be read, fails (the sentence has the line), or registers nothing.
    """
    source = _source(path)
    where = Origin(hashlib.sha256(source).hexdigest(), file=path.name)
    name = f"vrbench_plugin_{where.sha256}"
    if name in sys.modules:
        return where
    module = ModuleType(name)
    module.__file__ = str(path)
    module_of_file(name, where)
    sys.modules[name] = module  # dataclasses and type hints look it up
    before = len(known())
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(_failed(path, error)) from error
    if len(known()) == before:
        del sys.modules[name]
        raise InputError(
            f"The plug-in file {path} registers nothing: put @vrbench.alignment('name') over a "
            "function, or the decorator of a registry over a class."
        )
    return where


def _source(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"The plug-in file {path} does not exist.") from None
    except OSError as error:
        raise InputError(
            f"The plug-in file {path} cannot be read ({error.strerror}): give a Python file."
        ) from error


def _failed(path: Path, error: BaseException) -> str:
    """Say what a file raised, and in which of its lines."""
    linecache.checkcache(str(path))
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line, said = error.lineno, error.msg
    else:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        line, said = lines[-1] if lines else None, " ".join(str(error).split())
    at = f" in line {line}" if line else ""
    if isinstance(error, InputError):
        return f"The plug-in file {path} fails{at}: {said}"
    kind = type(error).__name__
    return f"The plug-in file {path} fails{at} ({kind}: {said}): repair it."
