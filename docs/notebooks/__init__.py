"""Notebooks as scripts of cells: ``jupytext --to ipynb NAME.py``, or open them in Jupyter with jupytext."""
