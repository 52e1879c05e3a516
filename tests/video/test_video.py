from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image
from toy_videos import write_videos

from vrbench.errors import InputError
from vrbench.video import Clip, open_videos, parse_sampling


def read(folder: Path, video: str, frames: str = "all") -> Clip:
    return open_videos(folder, parse_sampling(frames)).read(video)


@pytest.mark.parametrize(
    "spec",
    [
        *("uniform:12", "ends:1", "head:3", "tail:3", "uniform:1-12", "tail:3-4"),
        *("fps:0.5", "fps:29.97", "fps:1,ends:12", "fps:1,ends:1-12", "all"),
    ],
)
def test_a_sampling_round_trips(spec: str) -> None:
    assert str(parse_sampling(spec)) == spec


@pytest.mark.parametrize(
    "spec",
    [
        *("uniform", "uniform:0", "uniform:2.5", "fps:-1", "fps:nan", "fps:inf", "all:3", ""),
        *(
            "ends:12,fps:1",
            "fps:1,fps:2",
            "fps:1,all",
            "uniform:2,head:1",
            "fps",
            "head:0",
            "uniform:0-3",
            "uniform:3-2",
            "uniform:3-",
            "uniform:-3",
            "uniform:1-2-3",
            "fps:1,",
        ),
    ],
)
def test_a_sampling_out_of_range_is_refused(spec: str) -> None:
    with pytest.raises(InputError, match="uniform:"):
        parse_sampling(spec)


def test_a_mistyped_sampling_is_recognized() -> None:
    with pytest.raises(InputError, match="Did you mean 'uniform'"):
        parse_sampling("uniforms:12")


def test_uniform_takes_the_middles_and_repeats_nothing() -> None:
    assert parse_sampling("uniform:4").choose(12) == [1, 4, 7, 10]
    assert parse_sampling("uniform:1").choose(5) == [2]
    assert parse_sampling("uniform:12").choose(5) == [0, 1, 2, 3, 4]
    for n in range(1, 60):
        chosen = parse_sampling("uniform:12").choose(n)
        assert chosen == sorted(set(chosen))
        assert len(chosen) == min(n, 12)
        assert chosen[-1] < n
    assert parse_sampling("all").choose(40) == list(range(40))


def test_the_other_cuts() -> None:
    assert parse_sampling("ends:4").choose(12) == [0, 3, 7, 11]
    assert parse_sampling("ends:1").choose(12) == [0]
    assert parse_sampling("head:3").choose(12) == [0, 1, 2]
    assert parse_sampling("tail:3").choose(12) == [9, 10, 11]
    for cut in ("ends", "head", "tail"):
        assert parse_sampling(f"{cut}:12").choose(5) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("rate", [0.3, 1, 2, 7.5, 24, 25, 30, 60])
def test_fps_takes_what_is_shown(rate: float) -> None:
    """Against a loop in exact fractions, on times of variable frame rate."""
    gaps = np.random.default_rng(0).integers(1, 900, 80)
    ms = [0, *np.cumsum(gaps).tolist()]
    expected, k = [], 0
    while k / Fraction(rate) <= Fraction(2 * ms[-1] + 1, 2000):
        shown = [i for i, t in enumerate(ms) if Fraction(2 * t - 1, 2000) <= k / Fraction(rate)]
        expected.append(shown[-1])
        k += 1
    assert parse_sampling(f"fps:{rate}").choose(len(ms), np.array(ms) / 1000) == expected


@pytest.mark.parametrize("rate", [24, 25, 30, 48, 60])
def test_fps_at_the_rate_of_the_video_takes_every_frame_though_times_are_rounded(rate: int) -> None:
    times = np.round(np.arange(1000) / rate, 3)
    assert parse_sampling(f"fps:{rate}").choose(1000, times) == list(range(1000))


def test_clip4clip_takes_a_frame_a_second_and_cuts() -> None:
    """RawVideoExtractorCV2 at 1 fps on 25 fps, and slice_framepos 0, 1, 2 of its data loaders."""
    times = np.arange(25 * 30) / 25
    seconds = [25 * second for second in range(30)]
    cuts = {
        "head": seconds[:12],
        "tail": seconds[-12:],
        "ends": [seconds[i] for i in np.linspace(0, 29, num=12, dtype=int)],
    }
    for cut, expected in cuts.items():
        assert parse_sampling(f"fps:1,{cut}:12").choose(len(times), times) == expected


def test_frames_come_in_name_order_and_other_files_are_ignored(tmp_path: Path) -> None:
    write_videos(tmp_path, ["v"], frames=5)
    (tmp_path / "v" / "notes.txt").write_text("not a frame")
    Image.new("L", (3, 3), 7).save(tmp_path / "v" / "a.JPG", format="JPEG")
    clip = read(tmp_path, "v", "all")
    assert [image.getpixel((0, 0))[1] for image in clip.images] == [7, 0, 1, 2, 3, 4]
    assert {image.mode for image in clip.images} == {"RGB"}
    assert list(clip.numbers) == list(range(6))
    assert list(read(tmp_path, "v", "uniform:2").numbers) == [1, 4]


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 torn", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_image_is_named(tmp_path: Path, content: bytes) -> None:
    write_videos(tmp_path, ["v"])
    (tmp_path / "v" / "f001.png").write_bytes(content)
    with pytest.raises(InputError, match=r"f001\.png, a frame of video 'v', cannot be read"):
        read(tmp_path, "v", "all")


def test_a_cut_off_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    path = tmp_path / "v" / "f.jpg"
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"f\.jpg"):
        read(tmp_path, "v", "all")


def test_missing_and_empty_videos_are_named(tmp_path: Path) -> None:
    write_videos(tmp_path, ["good"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="'goad' is not there"):
        read(tmp_path, "goad")
    with pytest.raises(InputError, match="empty holds no image"):
        read(tmp_path, "empty")
    with pytest.raises(InputError, match="cannot name a video"):
        read(tmp_path, "../good")


def test_a_folder_that_holds_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no video"):
        open_videos(tmp_path, parse_sampling("all"))
    with pytest.raises(InputError, match="does not exist"):
        open_videos(tmp_path / "gone", parse_sampling("all"))
    write_videos(tmp_path, ["train/v"])
    with pytest.raises(InputError, match="is no video file"):
        open_videos(tmp_path / "train" / "v" / "f000.png", parse_sampling("all"))
    with pytest.raises(InputError, match="v holds images: give a folder of"):
        open_videos(tmp_path / "train" / "v", parse_sampling("all"))
    with pytest.raises(InputError, match="no time axis"):
        open_videos(tmp_path, parse_sampling("fps:1"))
    videos = open_videos(tmp_path, parse_sampling("all"))
    assert len(videos.read("train/v").images) == 3
    assert videos.read("train/v").times is None
    with pytest.raises(InputError, match="no time axis"):
        videos.read("train/v", 0.0, 1.0)


def test_videos_are_named_one_by_one_or_come_from_several_folders(tmp_path: Path) -> None:
    write_videos(tmp_path, ["a/v0", "a/v1", "b/v2", "c/part/v3", "d/v0"])
    places = (tmp_path / "a" / "v0", tmp_path / "b", tmp_path / "c")
    videos = open_videos(places, parse_sampling("all"))
    for name in ("v0", "v2", "part/v3"):
        assert len(videos.read(name).images) == 3
    for name in ("v1", "v3", "a/v0", "part/v0"):
        with pytest.raises(InputError, match=rf"'{name}' is not there: .* and 2 more"):
            videos.read(name)
    twice = open_videos((*places, tmp_path / "d"), parse_sampling("all"))
    with pytest.raises(InputError, match="'v0' is there twice"):
        twice.read("v0")
    for wrong in ("gone", "a/v0/f000.png"):
        with pytest.raises(InputError, match=wrong):
            open_videos((*places, tmp_path / wrong), parse_sampling("all"))


def test_a_video_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("av")
    write_videos(tmp_path, ["v"])
    (tmp_path / "v.MP4").touch()
    with pytest.raises(InputError, match=r"'v' is there twice, .*v and .*v\.MP4: keep one"):
        read(tmp_path, "v")
    (tmp_path / "v.webm").touch()
    with pytest.raises(InputError, match=r"v\.MP4 and .*v\.webm"):
        read(tmp_path, "v")


def test_a_folder_of_videos_may_be_named_like_a_video(tmp_path: Path) -> None:
    pytest.importorskip("av")
    write_videos(tmp_path, ["v/inside"])
    (tmp_path / "v.mp4").touch()
    with pytest.raises(InputError, match=r"v\.mp4, video 'v', is empty"):
        read(tmp_path, "v")
    assert len(read(tmp_path, "v/inside").images) == 3
