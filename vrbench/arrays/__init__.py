"""Arrays that somebody else computed -> Tokens."""

from vrbench.arrays.load import load_arrays
from vrbench.arrays.read import NAMES, Arrays, read_arrays

__all__ = ["NAMES", "Arrays", "load_arrays", "read_arrays"]
