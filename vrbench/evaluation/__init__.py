"""Evaluation: from a source and a plan to results."""
