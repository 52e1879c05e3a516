from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("av")

from decoded import videos
from toy_files import moving, write_sound, write_video
from toy_videos import captions_of, write_captions

from vrbench.errors import InputError
from vrbench.extraction.extract import Extraction, Inputs, extract
from vrbench.features import open_features


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
    return extract(Inputs(root / "videos", captions), root / "f.h5", **settings)


def test_extract_reads_files_and_folders_and_skips_what_is_broken(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    expected = broken(folder)
    for number, image in enumerate(moving(3)):
        (folder / "frames").mkdir(exist_ok=True)
        image.save(folder / "frames" / f"f{number}.png")
    done = run(tmp_path, ["good", "frames", *expected], frames="uniform:1-5")
    assert len(done.skipped) == len(expected)
    with open_features(done.path) as features:
        assert features.video.ids.tolist() == ["good", "frames"]
        columns = features.video.token_columns
        assert columns["frame"][:8].tolist() == [5, 15, 25, 35, 45, 0, 1, 2]
        np.testing.assert_array_equal(columns["time"][:8], [0.2, 0.6, 1, 1.4, 1.8, *[np.nan] * 3])
        assert columns["time"][:].dtype == np.float64
    done = run(tmp_path, ["good", "frames"], frames="uniform:5")
    (short,) = done.skipped
    assert "'frames', has 3 of the 5 frames" in short
    with pytest.raises(InputError, match="half"):
        run(tmp_path, ["good", "half"], strict=True)
    done = run(tmp_path, ["good", "frames"], frames="fps:2")
    assert "no time axis" in done.skipped[0]
