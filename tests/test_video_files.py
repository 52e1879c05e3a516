import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("av")

import av
from PIL import Image
from toy_files import CODECS, moving, write_sound, write_video
from toy_videos import captions_of, write_captions

from vrbench.errors import InputError
from vrbench.extract import Extraction, Source, extract
from vrbench.features import open_features
from vrbench.video import Clip, Videos, decoding, open_videos, parse_sampling
from vrbench.video.timeline import Timeline, count_frames, read_timeline

GREY_LEVELS = 3.0
"""Mean absolute difference, of 255, that crf 10 and half the chroma samples may make."""


def videos(folder: Path, frames: str = "all") -> Videos:
    return open_videos(folder, parse_sampling(frames))


def pixels(image: Any) -> NDArray[np.float64]:
    return np.asarray(image, dtype=np.float64)


def assert_alike(clip: Clip, images: list[Any], tolerance: float = GREY_LEVELS) -> None:
    """Each decoded frame is the one that went in, and nearer to it than to any other."""
    for image, number in zip(clip.images, clip.numbers, strict=True):
        assert image.size == images[number].size
        distances = [np.abs(pixels(image) - pixels(other)).mean() for other in images]
        assert distances[number] < tolerance
        assert int(np.argmin(distances)) == number


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


def test_h264_holds_b_frames(tmp_path: Path) -> None:
    """What the tests above rest on: packets do not come in the order of presentation."""
    path = write_video(tmp_path / "v.mp4", moving(30))
    with av.open(path) as file:
        stamps = [packet.pts for packet in file.demux(video=0) if packet.pts is not None]
    assert stamps != sorted(stamps)


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


def test_frames_are_counted_where_packets_have_no_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a packet is found to give no frame, all are counted by decoding."""
    images = moving(30)
    path = write_video(tmp_path / "v.mp4", images)
    line = read_timeline(path, "v")
    extra = Timeline(np.append(line.ticks, line.ticks[-1] + 1), line.tick, line.keys)
    monkeypatch.setattr("vrbench.video.videos.read_timeline", lambda *_: extra)
    clip = videos(tmp_path, "tail:2").read("v")
    assert clip.numbers == [28, 29]
    assert_alike(clip, images)


def test_a_raw_stream_is_timed_by_its_frame_rate(tmp_path: Path) -> None:
    """Packets of an elementary stream do not say when they are shown."""
    images = moving(30)
    raw = write_video(tmp_path / "v.h264", images)
    line = read_timeline(raw.rename(tmp_path / "v.ts"), "v")
    assert len(line.keys) == 0
    clip = videos(tmp_path, "fps:5").read("v")
    assert clip.numbers == [0, 5, 10, 15, 20, 25]
    assert clip.times is not None
    np.testing.assert_allclose(clip.times, np.arange(6) / 5, rtol=0, atol=1e-12)
    assert_alike(clip, images)


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_times_of_a_variable_frame_rate_are_exact(tmp_path: Path, ending: str) -> None:
    gaps = np.random.default_rng(0).integers(5, 400, 40)
    ms = 3000 + np.cumsum(gaps)
    images = moving(40)
    write_video(tmp_path / f"v.{ending}", images, times=ms.tolist())
    clip = videos(tmp_path).read("v")
    assert clip.times is not None
    np.testing.assert_allclose(clip.times, (ms - ms[0]) / 1000, rtol=0, atol=1e-12)
    assert_alike(clip, images)
    second = videos(tmp_path, "fps:2").read("v")
    shown = [
        int(np.flatnonzero(clip.times <= k / 2 + 0.0005)[-1]) for k in range(len(second.images))
    ]
    assert second.numbers == shown
    assert len(shown) == int(clip.times[-1] * 2) + 1


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


def test_frames_that_an_edit_list_hides_do_not_count(tmp_path: Path) -> None:
    images = moving(40)
    whole = write_video(tmp_path / "whole.mp4", images)
    with (
        av.open(whole) as file,
        av.open(tmp_path / "v.mp4", "w", options={"avoid_negative_ts": "disabled"}) as out,
    ):
        source = file.streams.video[0]
        stream = out.add_stream_from_template(source)
        for packet in file.demux(source):
            if packet.pts is not None and packet.dts is not None and source.time_base:
                shift = int(Fraction(5, 25) / source.time_base)
                packet.pts, packet.dts, packet.stream = (
                    packet.pts - shift,
                    packet.dts - shift,
                    stream,
                )
                out.mux(packet)
    clip = videos(tmp_path).read("v")
    assert len(clip.images) == 35
    assert clip.times is not None
    assert clip.times[:2].tolist() == [0.0, 0.04]
    assert_alike(Clip("v", clip.images, [n + 5 for n in clip.numbers]), images)


def test_a_segment_is_read_by_its_times(tmp_path: Path) -> None:
    write_video(tmp_path / "v.mp4", moving(100))
    assert videos(tmp_path).read("v", 1.0, 1.2).numbers == [25, 26, 27, 28, 29]
    assert videos(tmp_path, "fps:5").read("v", 1.0, 2.0).numbers == [25, 30, 35, 40, 45]
    assert videos(tmp_path, "fps:1").read("v", 0.5).numbers == [13, 37, 62, 87]
    assert videos(tmp_path, "head:2").read("v", -5, 99).numbers == [0, 1]
    clip = videos(tmp_path, "uniform:2").read("v", 3.0, 9.0)
    assert clip.times is not None
    assert clip.times.tolist() == [3.24, 3.72]
    for start, end in ((4.0, 5.0), (2.0, 2.0), (3.0, 1.0)):
        with pytest.raises(
            InputError, match=r"shows no frame from .* its frames are at 0 to 3\.96 s"
        ):
            videos(tmp_path).read("v", start, end)


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


def torn(path: Path, share: float = 0.5) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def broken(folder: Path) -> dict[str, str]:
    """Write a file for each way of being broken; name -> what the message says of it."""
    front = {"movflags": "faststart"}
    write_video(folder / "good.mp4", moving(50))
    torn(write_video(folder / "half.mp4", moving(100), container=front))
    torn(write_video(folder / "half_mkv.mkv", moving(100)))
    torn(write_video(folder / "half_vp9.webm", moving(100), "libvpx-vp9"))
    torn(write_video(folder / "half_avi.avi", moving(100), "mpeg4"))
    torn(write_video(folder / "no_index.mp4", moving(50)))
    (folder / "zero.mp4").touch()
    (folder / "text.mp4").write_text("This is a text, not a video.\n" * 50)
    write_sound(folder / "sound.mp4")
    noise = write_video(folder / "noise.mp4", moving(50), container=front)
    content = bytearray(noise.read_bytes())
    data = content.find(b"mdat") + 2000
    content[data::40] = bytes(len(content[data::40]))
    noise.write_bytes(content)
    return {
        "half": r"cut off: its data end at 1\.\d+ s, its container says 4\.00 s",
        "half_mkv": r"cut off: its data end at \d\.\d+ s, its container says 4\.00 s",
        "half_vp9": r"cut off: its data end at \d\.\d+ s, its container says 4\.00 s",
        "half_avi": r"cut off: its data end at \d\.\d+ s, its container says 4\.00 s",
        "no_index": "is no video, or cut off before its index",
        "zero": r"is empty \(0 bytes\)",
        "text": "is no video, or cut off before its index",
        "sound": r"has no video stream \(it holds audio\)",
        "noise": "damaged|cannot be decoded|sound frame",
    }


def test_broken_files_are_named_and_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    expected = broken(tmp_path)
    capfd.readouterr()
    source = videos(tmp_path, "uniform:12")
    for name, message in expected.items():
        with pytest.raises(InputError, match=message) as caught:
            source.read(name)
        sentence = str(caught.value)
        assert f"{name}." in sentence
        assert f"video '{name}'" in sentence
        assert sentence.endswith("leave it out.")
    assert capfd.readouterr() == ("", "")


def run(root: Path, names: list[str], **more: Any) -> Extraction:
    captions = write_captions(root / "captions.csv", captions_of(names))
    settings = {"encoder": "toy", "overwrite": True, **more}
    return extract(Source(root / "videos", captions), root / "f.h5", **settings)


def test_extract_reads_files_and_folders_and_skips_what_is_broken(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    expected = broken(folder)
    for number, image in enumerate(moving(3)):
        (folder / "frames").mkdir(exist_ok=True)
        image.save(folder / "frames" / f"f{number}.png")
    done = run(tmp_path, ["good", "frames", *expected], frames="uniform:5")
    assert len(done.skipped) == len(expected)
    with open_features(done.path) as features:
        assert features.video.ids.tolist() == ["good", "frames"]
        columns = features.video.token_columns
        assert columns["frame"][:8].tolist() == [5, 15, 25, 35, 45, 0, 1, 2]
        np.testing.assert_array_equal(columns["time"][:8], [0.2, 0.6, 1, 1.4, 1.8, *[np.nan] * 3])
        assert columns["time"][:].dtype == np.float64
    with pytest.raises(InputError, match="half"):
        run(tmp_path, ["good", "half"], strict=True)
    done = run(tmp_path, ["good", "frames"], frames="fps:2")
    assert "no time axis" in done.skipped[0]


def test_the_missing_package_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "v.mp4", moving(3))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"vrbench\[video\]"):
        videos(tmp_path)


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
