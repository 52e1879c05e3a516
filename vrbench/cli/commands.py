"""Imports every command, in the order in which ``--help`` lists them."""

# ruff: noqa: F401, I001
from vrbench.cli import extract
from vrbench.cli import merge
from vrbench.cli import import_
from vrbench.cli import inspect
from vrbench.cli import train
from vrbench.cli import eval as eval_
from vrbench.cli import tune
from vrbench.cli import task
from vrbench.cli import table
from vrbench.cli import reproduce
from vrbench.cli import audit
from vrbench.cli import compare
from vrbench.cli import query
from vrbench.cli import plot
from vrbench.cli import report
from vrbench.cli import list_
