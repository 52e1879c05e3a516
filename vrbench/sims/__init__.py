"""Similarity matrices: in memory, on disk, in files."""
