"""Imports every command, in the order in which ``--help`` lists them."""

from vrbench.cli import extract  # noqa: F401
