"""Frames, class folders and dumps lie in numeric order of their names, whoever reads them."""

import random
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image

from vrbench import datasets
from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.importing import read_arrays
from vrbench.importing.to_features import import_arrays
from vrbench.runtime.numeric_order import numeric_order
from vrbench.video import open_videos, parse_sampling
from vrbench.video.images import frame_files


@pytest.mark.parametrize(
    "names",
    [
        "1 2 9 10 11 100",
        "frame_1 frame_2 frame_10",
        "s1_f2 s1_f0012 s2_f1 s10_f1",
        "0001 2 10 9999 10000",
        "-10 -2 -1 0 1 10",
        "t_-10 t_-1 t_0 t_2",
        "a-1 a-2 a-10",
        "-3 -2 -1",
        "x-1_02 x-1_03 x-1_10",
        "2020-1-2 2020-1-10 2020-2-1",
        "0.0 0.04 0.12 0.2 1.0 9.96 10.0",
        "frame_0.5 frame_0.75 frame_1.0 frame_10.25",
        "1.1 1.2 1.9 1.10 2.1",
        "1.2.9 1.2.10 1.10.1",
        "1.2.9 1.12.1 2.1.1",
        "v.0001 v.0002 v.0010",
        "01 1 2 10",
        "1 1_b 2 a a2 a10 b",
        "99999999999999999999999 100000000000000000000000",
    ],
)
def test_names_in_order(names: str) -> None:
    expected = [Path("d") / f"{name}.png" for name in names.split()]
    for seed in range(10):
        mixed = random.Random(seed).sample(expected, len(expected))
        assert numeric_order(mixed) == expected


def test_padded_names_stay_in_the_order_of_their_texts() -> None:
    rng = random.Random(0)
    for width in (3, 5):
        names = [Path(f"s{rng.randrange(100):02d}_f{i:0{width}d}.jpg") for i in range(200)]
        assert numeric_order(names) == sorted(names)


def write(folder: Path, names: str) -> Path:
    """Write images whose red is the number of their place in ``names``."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(names.split()):
        Image.new("RGB", (4, 4), (place, 0, 0)).save(folder / name)
    return folder


@pytest.mark.parametrize("sampling", ["all", "head:3", "tail:2", "uniform:4", "ends:3"])
def test_frames_are_read_in_numeric_order(tmp_path: Path, sampling: str) -> None:
    write(tmp_path / "a", " ".join(f"frame{i}.png" for i in range(1, 13)))
    clip = open_videos(tmp_path, parse_sampling(sampling)).read("a")
    assert [image.getpixel((0, 0))[0] for image in clip.images] == list(clip.numbers)


@pytest.mark.parametrize("names", ["1.png 1.jpg 2.png", "01.png 1.png 2.png", "f3.png f003.webp"])
def test_a_frame_that_is_there_twice_is_refused(tmp_path: Path, names: str) -> None:
    with pytest.raises(InputError, match=r"a frame of video 'v' twice, \S+ and \S+: keep one"):
        frame_files(write(tmp_path, names), "v")


def test_frames_beside_a_video_file_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("av")
    write(tmp_path / "v", "thumb.jpg")
    (tmp_path / "v" / "._v.mp4").touch()
    assert len(open_videos(tmp_path, parse_sampling("all")).read("v").images) == 1
    (tmp_path / "v" / "v.mp4").touch()
    videos = open_videos(tmp_path, parse_sampling("all"))
    with pytest.raises(InputError, match=r"holds images and v\.mp4, .* or name .* 'v/v'"):
        videos.read("v")
    with pytest.raises(InputError, match=r"v\.mp4, video 'v/v', is empty"):
        videos.read("v/v")


def test_class_folders(tmp_path: Path) -> None:
    for name in ("c10/v1", "c10/v12", "c10/v3", "c9/b"):
        write(tmp_path / name, "1.png")
    found = datasets.read("class-folders", tmp_path, "all")
    assert [video.id for video in found.videos] == ["c9/b", "c10/v1", "c10/v3", "c10/v12"]
    assert found.label_names == {0: "c9", 1: "c10"}
    first, second = found.notes()
    assert first.startswith("The class folders are in numeric order (2 before 10), not in")
    assert second.startswith("The videos of 1 classes, 'c10' the first, are in numeric order")


def test_padded_class_folders_say_nothing(tmp_path: Path) -> None:
    for name in ("c1/v01", "c1/v10", "c2/v02"):
        write(tmp_path / name, "1.png")
    assert datasets.read("class-folders", tmp_path, "all").notes() == []


def test_dumps_pair_with_arrays_in_numeric_order(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((12, 4)).astype(np.float32)
    (tmp_path / "dump" / "video").mkdir(parents=True)
    for i, vector in enumerate(vectors):
        np.save(tmp_path / "dump" / "video" / f"img_emb_{i}.npy", vector)
    np.save(tmp_path / "dump" / "text.npy", vectors)
    np.save(tmp_path / "dump" / "text_video.npy", np.arange(12))
    notes: list[str] = []
    import_arrays(tmp_path / "dump", tmp_path / "f.h5", note=notes.append)
    with open_features(tmp_path / "f.h5") as features:
        np.testing.assert_array_equal(features.video.tokens[:], features.text.tokens[:])
    (note,) = notes
    assert "video are in numeric order (2 before 10)" in note
    (tmp_path / "dump" / "video" / "img_emb_10.npy").unlink()
    (tmp_path / "dump" / "video" / "img_emb_11.npy").unlink()
    np.save(tmp_path / "dump" / "text.npy", vectors[:10])
    np.save(tmp_path / "dump" / "text_video.npy", np.arange(10))
    assert read_arrays(tmp_path / "dump").notes == ()
