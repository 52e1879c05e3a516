"""Tokens and the feature file that holds them."""

from vrbench.features.file import Features, open_features
from vrbench.features.tokens import Tokens

__all__ = ["Features", "Tokens", "open_features"]
