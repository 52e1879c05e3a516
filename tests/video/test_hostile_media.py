"""Frames and videos that would have programs started or other files opened."""

import os
import struct
import subprocess
import warnings
import zlib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av")

import av
from decoded import assert_alike, videos
from hostile_files import eps, playlists
from PIL import Image
from toy_files import moving, write_video

from vrbench.errors import InputError
from vrbench.video import open_videos, parse_sampling
from vrbench.video.images import read_image


def test_postscript_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    def start(*words: Any, **_: Any) -> None:
        started.append(words)
        raise OSError("nothing is started here")

    for name in ("Popen", "check_call", "run"):
        monkeypatch.setattr(subprocess, name, start)
    path = eps(tmp_path / "0.png")
    with pytest.raises(InputError, match=r"0\.png, a frame of video 'v', cannot be read as an im"):
        read_image(path, "v")
    assert not started
    with pytest.raises(OSError, match=r"."), Image.open(path) as image:
        image.load()
    assert started, "Pillow would have started Ghostscript"


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("kind", ["BMP", "JPEG", "PNG", "WEBP"])
def test_formats_count_and_not_names(tmp_path: Path, name: str, kind: str) -> None:
    Image.new("RGB", (6, 4), (200, 0, 0)).save(tmp_path / name, format=kind)
    assert read_image(tmp_path / name, "v").size == (6, 4)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PPM", "ICO", "PDF"])
def test_other_formats_are_no_frames(tmp_path: Path, kind: str) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "0.png", format=kind)
    with pytest.raises(InputError, match="cannot be read as an image"):
        read_image(tmp_path / "0.png", "v")


def test_pixels_are_limited(tmp_path: Path) -> None:
    """100 megapixels, of which Pillow only warns; its first bytes are all that there is."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 10_000, 10_000, 1, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1251 * 10_000))
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, data, b"IEND")
    ]
    (tmp_path / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(tmp_path / "0.png") as image:
            assert image.size == (10_000, 10_000)
        with pytest.raises(InputError, match=r"as an image \(10000 x 10000 pixels\)"):
            read_image(tmp_path / "0.png", "v")


def test_a_frame_is_a_whole_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0.png")
    with pytest.raises(InputError, match="is no file"):
        read_image(tmp_path / "0.png", "v")
    Image.effect_noise((64, 64), 50).save(tmp_path / "1.png")
    content = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="truncated"):
        read_image(tmp_path / "1.png", "v")


def test_playlists_are_not_followed(tmp_path: Path) -> None:
    """What they name is a sound video, so that following them would give its frames."""
    folder = tmp_path / "videos"
    folder.mkdir()
    other = write_video(folder / "secret.mkv", moving(5))
    names = playlists(folder, other)
    source = videos(folder)
    for name in names:
        with pytest.raises(InputError, match=r"is no video, or cut off before its index"):
            source.read(name)
    with av.open(folder / "concat.mp4") as script:
        assert len(list(script.decode(video=0))) == 5, "libav would have followed it"


NAMES = (
    "concat:a|b.mp4",
    "subfile,,start,0,end,9,,:v.mp4",
    "http:v.mp4",
    "file:v.mp4",
    "v%03d.mp4",
)


@pytest.mark.parametrize("name", [*NAMES, "-i.mp4", "pipe:0.mp4", "data:v.mp4", "*.mp4"])
def test_names_are_no_protocols_and_no_patterns(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    images, others = moving(5), moving(5, seed=1)
    write_video(tmp_path / "v.mp4", others)
    (tmp_path / "v.mp4").rename(tmp_path / "v001.mp4")
    write_video(tmp_path / "w.mp4", images)
    (tmp_path / "w.mp4").rename(tmp_path / name)
    assert_alike(open_videos(Path(name), parse_sampling("all")).read(name), images)
    assert_alike(videos(Path()).read(name), images)


def boxes(data: bytes, path: list[bytes], start: int = 0) -> list[int]:
    """Return where the boxes of a path begin in an MP4 file, each in the one before it."""
    at = start
    while data[at + 4 : at + 8] != path[0]:
        at += int.from_bytes(data[at : at + 4])
    if len(path) == 1:
        return [at]
    inner = at + (16 if path[0] in (b"dref",) else 8)
    return [at, *boxes(data, path[1:], inner)]


def pointing_at(path: Path, other: Path) -> Path:
    """Change an MP4 file so that its track's data are in another file, given by its path."""
    data = bytearray(path.read_bytes())
    places = boxes(bytes(data), [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref", b"url "])
    name = str(other).encode()
    name += b"\0" * (len(name) % 2)
    alias = bytes(150) + struct.pack(">HH", 2, len(name)) + name + b"\xff\xff\0\0"
    entry = b"alis" + bytes(4) + alias
    old = int.from_bytes(data[places[-1] : places[-1] + 4])
    entry = struct.pack(">I", len(entry) + 4) + entry
    data[places[-1] : places[-1] + old] = entry
    for place in places[:-1]:
        size = int.from_bytes(data[place : place + 4]) + len(entry) - old
        data[place : place + 4] = struct.pack(">I", size)
    path.write_bytes(data)
    return path


def test_tracks_in_other_files_are_not_opened(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mov", moving(5))
    (tmp_path / "other").write_bytes(path.read_bytes())
    pointing_at(path, tmp_path / "other")
    with pytest.raises(InputError, match=r"v\.mov, video 'v', holds no frame"):
        videos(tmp_path).read("v")
    following = {"enable_drefs": "1", "use_absolute_path": "1"}
    with av.open(path, options=following) as file:
        assert len(list(file.decode(video=0))) == 5, "libav can be told to follow it"


def test_links_in_circles_are_walked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[Any] = []
    scandir = os.scandir

    def counted(folder: Any) -> Any:
        listed.append(folder)
        assert len(listed) < 100, "3 ** 40 paths would be walked"
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counted)
    for name in ("a", "b", "c"):
        (tmp_path / name).symlink_to(tmp_path)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "back").symlink_to(tmp_path / "deep")
    Image.new("RGB", (6, 4)).save(tmp_path / "deep" / "er" / "0.png")
    assert not videos(tmp_path).timed
    assert len(videos(tmp_path).read("deep/er").images) == 1


def test_links_out_of_a_folder_are_followed(tmp_path: Path) -> None:
    images = moving(3)
    (tmp_path / "data" / "parts").mkdir(parents=True)
    write_video(tmp_path / "data" / "parts" / "v.mp4", images)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "linked").symlink_to(tmp_path / "data")
    source = videos(tmp_path / "videos")
    assert source.timed
    assert_alike(source.read("linked/parts/v"), images)
