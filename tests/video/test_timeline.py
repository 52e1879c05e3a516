from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")

import av
from decoded import assert_alike, videos
from toy_files import moving, write_video

from vrbench.errors import InputError
from vrbench.video import Clip
from vrbench.video.timeline import Timeline, read_timeline


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
    with pytest.raises(InputError, match=r"'v', from 3.8 s to 9 s has 5 of the 6 frames"):
        videos(tmp_path, "uniform:6").read("v", 3.8, 9.0)
    assert videos(tmp_path, "uniform:1-6").read("v", 3.8, 9.0).numbers == [95, 96, 97, 98, 99]
    for start, end in ((4.0, 5.0), (2.0, 2.0), (3.0, 1.0)):
        with pytest.raises(
            InputError, match=r"shows no frame from .* its frames are at 0 to 3\.96 s"
        ):
            videos(tmp_path).read("v", start, end)
