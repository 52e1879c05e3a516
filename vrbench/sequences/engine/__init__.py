"""The engine that scores sequences for all sequence alignments."""
