"""A round of small commands in an installed vrbench, whatever the versions of its packages."""
