from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("av")

import av
from decoded import assert_alike, pixels, videos
from PIL import Image
from toy_files import moving, write_video

from vrbench.video import Clip, decoding
from vrbench.video.timeline import read_timeline


@pytest.mark.parametrize("options", [{}, {"x264-params": "open-gop=1:scenecut=0:chromaloc=1"}])
def test_jumping_to_keyframes_changes_no_bit(
    tmp_path: Path, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "WORTH", 1)
    for codec, ending in (("libx264", "mp4"), ("libx264", "mkv"), ("libvpx-vp9", "webm")):
        more = options if codec == "libx264" else {}
        path = write_video(tmp_path / f"v.{ending}", moving(60), codec, options=more)
        every = videos(tmp_path).read(path.name).images
        line = read_timeline(path, "v")
        rng = np.random.default_rng(0)
        for _ in range(10):
            numbers = sorted(rng.choice(60, 3, replace=False).tolist())
            jumped = list(decoding._frames(path, "v", line, numbers, jump=True))
            for image, number in zip(jumped, numbers, strict=True):
                np.testing.assert_array_equal(pixels(image), pixels(every[number]))


def test_what_cannot_be_jumped_in_is_decoded_from_the_start(tmp_path: Path) -> None:
    """A transport stream has no index of keyframes."""
    images = moving(90)
    path = write_video(tmp_path / "v.ts", images)
    line = read_timeline(path, "v")
    with pytest.raises(decoding.LostFrameError):
        list(decoding._frames(path, "v", line, [30], jump=True))
    assert_alike(Clip("v", list(decoding.decode(path, "v", line, [30, 80])), [30, 80]), images)


def test_long_clips_are_decoded_as_they_are_asked_for(tmp_path: Path) -> None:
    images = moving(100)
    write_video(tmp_path / "v.mp4", images)
    clip = videos(tmp_path).read("v")
    assert not isinstance(clip.images, list)
    assert len(clip.images[90:110]) == 10
    assert_alike(Clip("v", clip.images[32:64], clip.numbers[32:64]), images)
    last = clip.images[-1]
    np.testing.assert_array_equal(pixels(last), pixels(list(clip.images)[99]))
    with pytest.raises(IndexError):
        clip.images[100]


def test_colours_are_those_that_the_stream_names(tmp_path: Path) -> None:
    """Flat colours, by BT.709 and BT.601, limited and full range, come back within rounding."""
    from av.video.reformatter import ColorRange, Colorspace

    as_frame: Any = av.VideoFrame.from_image
    colours = [(200, 40, 60), (30, 180, 90), (60, 50, 220)]
    for space in (Colorspace.ITU709, Colorspace.ITU601):
        for limits in (ColorRange.MPEG, ColorRange.JPEG):
            path = tmp_path / f"v{space}{limits}.mp4"
            with av.open(path, "w") as file:
                stream: Any = file.add_stream("libx264", rate=25, options={"crf": "1"})
                stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
                stream.codec_context.color_range = limits
                stream.codec_context.colorspace = 1 if space == Colorspace.ITU709 else 5
                for colour in colours:
                    frame = as_frame(Image.new("RGB", (32, 32), colour))
                    frame = frame.reformat(
                        format="yuv420p", dst_colorspace=space, dst_color_range=limits
                    )
                    file.mux(stream.encode(frame))
                file.mux(stream.encode())
            for image, colour in zip(videos(tmp_path).read(path.stem).images, colours, strict=True):
                assert np.abs(pixels(image) - colour).max() <= 4


def test_several_threads_read_the_same(tmp_path: Path) -> None:
    for k in range(4):
        (tmp_path / f"part{k % 2}").mkdir(exist_ok=True)
        write_video(tmp_path / f"part{k % 2}" / f"v{k}.mp4", moving(30, seed=k))
    source = videos(tmp_path, "uniform:6")
    names = [f"part{k % 2}/v{k}" for k in range(4)] * 4
    alone = {name: [pixels(i) for i in source.read(name).images] for name in names[:4]}
    with ThreadPoolExecutor(4) as pool:
        for name, clip in zip(names, pool.map(source.read, names), strict=True):
            for image, other in zip(clip.images, alone[name], strict=True):
                np.testing.assert_array_equal(pixels(image), other)
