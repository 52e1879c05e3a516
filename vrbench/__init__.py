"""vrbench."""
