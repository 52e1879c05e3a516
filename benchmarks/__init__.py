"""Measured claims: ratios of two sides timed side by side in one run."""
