"""Imports every command, in the order in which ``--help`` lists them."""

# ruff: noqa: F401, I001
from vrbench.cli.commands import extract
from vrbench.cli.commands import merge
from vrbench.cli.commands import shard
from vrbench.cli.commands import join
from vrbench.cli.commands import import_
from vrbench.cli.commands import inspect
from vrbench.cli.commands import pool
from vrbench.cli.commands import train
from vrbench.cli.commands import train_head
from vrbench.cli.commands import eval as eval_
from vrbench.cli.commands import fuse
from vrbench.cli.commands import tune
from vrbench.cli.commands import task
from vrbench.cli.commands import table
from vrbench.cli.commands import reproduce
from vrbench.cli.commands import audit
from vrbench.cli.commands import compare
from vrbench.cli.commands import show as query
from vrbench.cli.commands import plot
from vrbench.cli.commands import report
from vrbench.cli.commands import export
from vrbench.cli.commands import list_
