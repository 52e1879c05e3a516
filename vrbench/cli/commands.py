"""Imports every command, in the order in which ``--help`` lists them."""
