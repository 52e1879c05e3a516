"""Tiny models in folders, loaded as ``hf`` once each, and a clip and a caption for them."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_hf

from vrbench.datasets.captions import Caption
from vrbench.encoders import LoadedEncoder
from vrbench.encoders.hf import Hf
from vrbench.encoders.hf.families import FAMILIES
from vrbench.encoders.hf.frames import noise
from vrbench.video import Clip

TYPES = [kind for family in FAMILIES for kind in family.types]
VIDEO = ("xclip", "videoprism")
IMAGE = [kind for kind in TYPES if kind not in (*VIDEO, "qwen3_vl")]
CAPTION = Caption("v#0", "v", "A cat sits.")
LOADED: dict[tuple[str, Hf], LoadedEncoder] = {}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hf")


def at(folders: Path, kind: str) -> Path:
    if not (folders / kind).exists():
        tiny_hf.save(kind, folders / kind)
    return folders / kind


def load(folders: Path, kind: str, spec: Hf | None = None) -> LoadedEncoder:
    key = (kind, spec or Hf())
    if key not in LOADED:
        LOADED[key] = key[1].load(at(folders, kind))
    return LOADED[key]


def clip(n: int = 3) -> Clip:
    return Clip("v", noise(n, seed=7), range(2, 2 + n))
