"""``python -m vrbench``."""

from vrbench.cli import main

main()
