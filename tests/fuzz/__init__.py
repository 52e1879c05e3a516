"""Damaged files for every reader of vrbench: ``PYTHONPATH=tests python -m fuzz --help``."""
