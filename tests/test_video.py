from pathlib import Path

import pytest

pytest.importorskip("PIL")

from PIL import Image
from toy_videos import write_videos

from vrbench.errors import InputError
from vrbench.video import check_folder, parse_sampling, read_clip


@pytest.mark.parametrize("spec", ["uniform:12", "uniform:1", "fps:0.5", "fps:1", "all"])
def test_a_sampling_round_trips(spec: str) -> None:
    assert str(parse_sampling(spec)) == spec


@pytest.mark.parametrize(
    "spec", ["uniform", "uniform:0", "uniform:2.5", "fps:-1", "fps:nan", "fps:inf", "all:3", ""]
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


def test_frames_come_in_name_order_and_other_files_are_ignored(tmp_path: Path) -> None:
    write_videos(tmp_path, ["v"], frames=5)
    (tmp_path / "v" / "notes.txt").write_text("not a frame")
    Image.new("L", (3, 3), 7).save(tmp_path / "v" / "a.JPG", format="JPEG")
    clip = read_clip(tmp_path, "v", parse_sampling("all"))
    assert [image.getpixel((0, 0))[1] for image in clip.images] == [7, 0, 1, 2, 3, 4]
    assert {image.mode for image in clip.images} == {"RGB"}
    assert list(clip.numbers) == list(range(6))
    assert list(read_clip(tmp_path, "v", parse_sampling("uniform:2")).numbers) == [1, 4]


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 torn", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_image_is_named(tmp_path: Path, content: bytes) -> None:
    write_videos(tmp_path, ["v"])
    (tmp_path / "v" / "f001.png").write_bytes(content)
    with pytest.raises(InputError, match=r"f001\.png, a frame of video 'v', cannot be read"):
        read_clip(tmp_path, "v", parse_sampling("all"))


def test_a_cut_off_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    path = tmp_path / "v" / "f.jpg"
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"f\.jpg"):
        read_clip(tmp_path, "v", parse_sampling("all"))


def test_missing_and_empty_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="'gone' has no folder"):
        read_clip(tmp_path, "gone", parse_sampling("all"))
    with pytest.raises(InputError, match="empty holds no image"):
        read_clip(tmp_path, "empty", parse_sampling("all"))


def test_what_needs_a_time_axis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no time axis"):
        check_folder(tmp_path, parse_sampling("fps:1"))
    with pytest.raises(InputError, match="does not exist"):
        check_folder(tmp_path / "gone", parse_sampling("all"))
    (tmp_path / "v.MP4").touch()
    with pytest.raises(InputError, match="video file"):
        check_folder(tmp_path, parse_sampling("all"))
