"""A tiny CLIP in a folder, its encoder, and a clip and a caption for it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_clip
from PIL import Image

from vrbench.datasets.captions import Caption
from vrbench.encoders.clip import ClipEncoder
from vrbench.encoders.clip.towers import LoadedClip
from vrbench.video import Clip

CAPTION = Caption("v#0", "v", "A cat sits &amp; the DOG's   café!")
ALL_WORDS = ClipEncoder(tokens="patches", sot=True)


@pytest.fixture(scope="module")
def model() -> Any:
    return tiny_clip.tiny_clip()


@pytest.fixture(scope="module")
def folder(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip.save_transformers(model, tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def clip() -> Clip:
    random = np.random.default_rng(0)
    images = [
        Image.fromarray(random.integers(0, 256, (40, 50, 3)).astype(np.uint8)) for _ in range(3)
    ]
    return Clip("v", images, [2, 5, 8])


def load(folder: Path, spec: ClipEncoder | None = None) -> LoadedClip:
    loaded = (spec or ClipEncoder()).load(folder)
    assert isinstance(loaded, LoadedClip)
    return loaded
