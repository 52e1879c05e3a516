"""Encoders: from the frames of a video, or a caption, to tokens."""

from __future__ import annotations

from vrbench.encoders.base import Encoded, Encoder, LoadedEncoder
from vrbench.registry import Registry

encoders: Registry[Encoder] = Registry("encoder", "vrbench.encoders", base=Encoder)

__all__ = ["Encoded", "Encoder", "LoadedEncoder", "encoders"]
