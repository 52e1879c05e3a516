"""``vrbench extract --encoder hf``: the check is printed, the file says what it holds."""

from pathlib import Path

import pytest

pytest.importorskip("transformers")
pytest.importorskip("PIL")

import tiny_hf
from cli_runs import refused, run
from toy_videos import write_captions, write_videos

from vrbench.features import open_features


def extraction(folder: Path, kind: str, *more: str, frames: int = 3) -> tuple[str, ...]:
    videos = write_videos(folder / "videos", ["a", "b"], frames=frames)
    said = [("a", "a cat sits"), ("b", "the dog runs"), ("b", "on " * 20 + "a mat")]
    captions = write_captions(folder / "c.csv", said)
    words = ("--videos", videos, "--captions", captions, "--out", folder / "f.h5", *more)
    weights = tiny_hf.save(kind, folder / kind)
    return ("extract", "--weights", str(weights), *map(str, words))


def test_siglip(tmp_path: Path) -> None:
    command = extraction(tmp_path, "siglip", "--encoder", "hf")
    done = run(*command, "-v")
    assert done.code == 0
    checks = [line for line in done.err.splitlines() if line.startswith("SiglipModel, ")]
    assert checks[0].startswith(
        "SiglipModel, captions: last row of text_model.head(h) is the pooled output, off by "
    )
    assert len(checks) == 2
    assert "1 of 3 captions in /text are longer than the encoder" in done.err
    with open_features(tmp_path / "f.h5") as features:
        assert features.attrs["encoder"] == "hf"
        assert features.attrs["model"] == "SiglipModel"
        assert features.attrs["padding"] == "16 places on the right, attended"
        assert {"scale", "bias", "revision"} <= set(features.attrs)
        assert features.video is not None
        assert features.text is not None
        assert features.video.lengths.tolist() == [3, 3]
        assert features.text.lengths.tolist() == [4, 4, 16]
        assert features.text.item_columns["cut"].tolist() == [0, 0, 7]
    again = run(*command)
    assert again.code == 0
    assert "SiglipModel, captions" not in again.err, "only with -v"


def test_a_video_model_takes_its_number_of_frames(tmp_path: Path) -> None:
    command = extraction(tmp_path, "xclip", "--encoder", "hf")
    refused(*command, says="use --frames uniform:4")
    write_videos(tmp_path / "videos", ["a", "b"], frames=6)
    assert run(*command, "--frames", "uniform:4").code == 0
    with open_features(tmp_path / "f.h5") as features:
        assert features.attrs["model_frames"] == 4
        assert features.attrs["text_prompts"] == "none: texts are not conditioned on videos"
        assert features.video is not None
        assert features.video.lengths.tolist() == [4, 4]


def test_refusals_are_one_sentence(tmp_path: Path) -> None:
    command = extraction(tmp_path, "clip", "--encoder", "hf")
    (tmp_path / "clip" / "tokenizer.json").unlink()
    refused(*command, says="holds no tokenizer")
