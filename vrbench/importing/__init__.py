"""Importing arrays of other programs as Tokens."""

from vrbench.importing.load import load_arrays
from vrbench.importing.read import NAMES, Arrays, read_arrays

__all__ = ["NAMES", "Arrays", "load_arrays", "read_arrays"]
