import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("transformers")
pytest.importorskip("PIL")

import tiny_clip
from loaded_clip import clip, load, model
from PIL import Image

from vrbench.encoders.clip.pixels import ClipPixels
from vrbench.errors import InputError
from vrbench.video import Clip, open_videos, parse_sampling

__all__ = ["clip", "model"]


def processor(size: int) -> Any:
    clip = pytest.importorskip("transformers.models.clip.image_processing_pil_clip")
    return clip.CLIPImageProcessorPil(
        size={"shortest_edge": size}, crop_size={"height": size, "width": size}
    )


def processed(image: Any, size: int) -> NDArray[np.float32]:
    return np.asarray(processor(size)(image, return_tensors="np")["pixel_values"][0])


@pytest.mark.parametrize("size", [(50, 40), (40, 51), (33, 33), (32, 90), (299, 224), (20, 21)])
def test_preprocessing_equals_the_processor(size: tuple[int, int]) -> None:
    values = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3))
    image = Image.fromarray(values.astype(np.uint8))
    for side in (32, 224):
        found = ClipPixels(side)(image)
        np.testing.assert_allclose(found, processed(image, side), rtol=0, atol=1e-6)
        assert found.dtype == np.float32
        assert found.shape == (3, side, side)


def test_preprocessing_equals_the_processor_on_real_frames(shared_data: Path) -> None:
    videos = shared_data / "msrvtt_frames" / "test1ka"
    for video in ("video7020", "video7021", "video7025"):
        for image in open_videos(videos, parse_sampling("uniform:2")).read(video).images:
            np.testing.assert_allclose(
                ClipPixels()(image), processed(image, 224), rtol=0, atol=1e-6
            )


def test_openai_rounds_the_crop_by_torchvision() -> None:
    # 75 pixels are spare: transformers begins at 37, torchvision at round(37.5) = 38
    values = np.random.default_rng(2).integers(0, 256, (224, 299, 3)).astype(np.uint8)
    image = Image.fromarray(values)
    moved = ClipPixels(crop="openai")(image)
    np.testing.assert_array_equal(moved[:, :, :-1], ClipPixels()(image)[:, :, 1:])
    unit = values[:, 38:262].transpose(2, 0, 1) / 255
    mean, std = (np.reshape(x, (3, 1, 1)) for x in (ClipPixels().mean, ClipPixels().std))
    np.testing.assert_allclose(moved, (unit - mean) / std, atol=1e-5)


def test_the_folder_says_mean_and_std(model: Any, clip: Clip, tmp_path: Path) -> None:
    tiny_clip.save_transformers(model, tmp_path)
    plain = load(tmp_path).video(clip)
    stats = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(stats))
    encoder = load(tmp_path)
    assert "preprocessor_config.json" in encoder.weights
    assert not np.allclose(encoder.video(clip).tokens, plain.tokens)
    (tmp_path / "preprocessor_config.json").write_text('{"image_std": [0.5, 0.5, 0]}')
    with pytest.raises(InputError, match="expected three numbers"):
        load(tmp_path)
