"""Videos and captions -> feature file."""
