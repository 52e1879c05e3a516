"""The engine that scores tiles of items for all alignments."""
