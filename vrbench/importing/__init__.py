"""Importing arrays of other programs as Tokens."""

from vrbench.importing.given import Given
from vrbench.importing.load import load_arrays
from vrbench.importing.read import Arrays, read_arrays
from vrbench.importing.usual import NAMES

__all__ = ["NAMES", "Arrays", "Given", "load_arrays", "read_arrays"]
