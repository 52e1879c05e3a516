import sys
import unicodedata
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

pytest.importorskip("av")

import av
from decoded import assert_alike, pixels, videos
from PIL import Image
from toy_files import CODECS, moving, write_video

from vrbench.errors import InputError
from vrbench.video import open_videos, parse_sampling
from vrbench.video.timeline import count_frames, read_timeline

Form = Literal["NFC", "NFD"]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_frames_and_times_are_those_that_went_in(tmp_path: Path, codec: str, ending: str) -> None:
    images = moving(50)
    path = write_video(tmp_path / f"v{ending}", images, codec)
    clip = videos(tmp_path).read("v")
    assert clip.numbers == list(range(50))
    assert clip.times is not None
    np.testing.assert_allclose(clip.times, np.arange(50) / 25, rtol=0, atol=1e-12)
    assert_alike(clip, images)
    few = videos(tmp_path, "uniform:4").read(f"v{ending}")
    assert few.numbers == [6, 18, 31, 43]
    for image, number in zip(few.images, few.numbers, strict=True):
        np.testing.assert_array_equal(pixels(image), pixels(clip.images[number]))
    line, counted = read_timeline(path, "v"), count_frames(path, "v")
    np.testing.assert_array_equal(line.ticks, counted.ticks)
    assert len(line.keys) > 3


def test_a_file_is_a_place_of_its_own(tmp_path: Path) -> None:
    path, other = (write_video(tmp_path / f"{name}.mp4", moving(10)) for name in "vw")
    alone = open_videos(path, parse_sampling("head:2"))
    assert alone.timed
    for name in ("v", "v.mp4"):
        assert alone.read(name).numbers == [0, 1]
    with pytest.raises(InputError, match="'w' is not there: it is neither in nor among"):
        alone.read("w")
    both = open_videos((path, other), parse_sampling("head:2"))
    assert_alike(both.read("w"), list(alone.read("v").images))


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
def test_accents_are_found_in_either_form(tmp_path: Path, stored: Form, asked: Form) -> None:
    name = "caf\u00e9"
    Image.new("RGB", (8, 8)).save(tmp_path / "frame.png")
    (tmp_path / "v" / unicodedata.normalize(stored, name)).mkdir(parents=True)
    (tmp_path / "frame.png").rename(tmp_path / "v" / unicodedata.normalize(stored, name) / "0.png")
    assert videos(tmp_path / "v").read(unicodedata.normalize(asked, name)).numbers == [0]
    other: Form = "NFD" if stored == "NFC" else "NFC"
    folder = tmp_path / "v" / unicodedata.normalize(other, name)
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "0.png")
    with pytest.raises(InputError, match="is there twice"):
        videos(tmp_path / "v").read(name)


def test_gif_is_a_video(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (5, 32, 32), dtype=np.uint8)
    images = [Image.fromarray(one) for one in noise]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=100)
    for name in ("a", "a.gif"):
        clip = videos(tmp_path).read(name)
        assert clip.numbers == list(range(5))
        assert clip.times is not None
        np.testing.assert_allclose(clip.times, np.arange(5) / 10)
        for found, given in zip(clip.images, noise, strict=True):
            np.testing.assert_array_equal(pixels(found)[..., 0], given)


def test_h264_holds_b_frames(tmp_path: Path) -> None:
    """What the tests above rest on: packets do not come in the order of presentation."""
    path = write_video(tmp_path / "v.mp4", moving(30))
    with av.open(path) as file:
        stamps = [packet.pts for packet in file.demux(video=0) if packet.pts is not None]
    assert stamps != sorted(stamps)


@pytest.mark.parametrize("turn", [0, 90, 180, -90])
@pytest.mark.parametrize("hflip", [False, True])
def test_frames_come_out_upright(tmp_path: Path, turn: int, hflip: bool) -> None:
    upright = moving(3, seed=7)
    # what the display matrix does, undone: it turns counter-clockwise, then mirrors
    stored = [
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if hflip else image for image in upright
    ]
    stored = [image.rotate(-turn, expand=True) for image in stored]
    write_video(tmp_path / "v.mp4", stored, turn=turn, hflip=hflip)
    assert_alike(videos(tmp_path).read("v"), upright)


def test_a_slanted_display_matrix_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path / "v.mp4", moving(3), turn=45)
    with pytest.raises(
        InputError, match=r"v\.mp4, video 'v', is to be shown turned by 4[45] degrees"
    ):
        videos(tmp_path).read("v")


def test_the_missing_package_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "v.mp4", moving(3))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"vrbench\[video\]"):
        videos(tmp_path)


@pytest.mark.parametrize("codec", CODECS)
def test_real_frames_survive(tmp_path: Path, shared_data: Path, codec: str) -> None:
    """Pixels, and a fixed random projection of them that stands for an encoder."""
    folders = sorted((shared_data / "msrvtt_frames" / "test1ka").iterdir())[:30]
    files = [file for folder in folders for file in sorted(folder.iterdir())[:1]]
    images = [Image.open(file).convert("RGB").resize((224, 168)) for file in files]
    ending = "mp4" if codec == "libx264" else "webm"
    write_video(tmp_path / f"v.{ending}", images, codec)
    clip = videos(tmp_path).read("v")
    assert_alike(clip, images)
    project = np.random.default_rng(0).standard_normal((168 * 224 * 3, 64))
    for decoded, image in zip(clip.images, images, strict=True):
        a, b = (pixels(i).ravel() / 255 @ project for i in (decoded, image))
        assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.99
