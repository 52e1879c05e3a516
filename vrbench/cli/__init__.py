"""The command line: each command parses, calls one function and prints."""

from vrbench.cli.process import main

__all__ = ["main"]
