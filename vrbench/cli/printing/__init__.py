"""Printing results, tables and reports in a terminal."""
