"""What a model cuts off: frames beyond its places, pieces of ONNX; every command says so."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")
from tiny_onnx import SIDE, write_models
from toy_videos import write_captions, write_videos
from typer.testing import CliRunner
from workplace import VIDEOS, Workplace, place

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.datasets.captions import Caption
from vrbench.encoders import Encoded, LoadedEncoder
from vrbench.encoders.onnx import Onnx
from vrbench.encoders.toy import Toy
from vrbench.features import open_features
from vrbench.heads.projection import Affine, Projection
from vrbench.video import Clip

__all__ = ["place"]


def test_frames_beyond_the_places_of_a_model(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted like captions; a model that takes all frames says nothing."""
    toy = type(Toy().load(None))
    whole = toy.video

    def video(self: LoadedEncoder, clip: Clip) -> Encoded:
        kept = replace(clip, images=clip.images[:2], numbers=clip.numbers[:2])
        left = len(clip.numbers) - 2
        return replace(whole(self, kept), frame=np.array(kept.numbers), cut=left)

    monkeypatch.setattr(toy, "video", video)
    monkeypatch.setattr(toy, "limits", {"video": 2, "text": 9})
    for name, frames in zip(VIDEOS[4:], (2, 3, 7), strict=True):
        shutil.rmtree(place.root / "test" / name)
        write_videos(place.root / "test", [name], frames=frames)
    done = place.extract(frames="all")
    with open_features(done.path) as features:
        lost = features.video.item_columns["cut"].tolist()
        said = [note for note in features.data_notes if "frames" in note]
    assert lost == [1, 1, 1, 1, 0, 1, 5]
    assert said[0] == (
        "6 of 7 videos in /video have more frames than the encoder (toy) takes (2 frames) and "
        "were cut off, by up to 5 frames; the first is 'v0', by 1."
    )
    assert said == [note for note in done.notes if "frames" in note]


def test_every_command_prints_it(place: Workplace, tmp_path: Path) -> None:
    def vrbench(*arguments: object) -> str:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    weights = tmp_path / "models"
    weights.mkdir()
    write_models(weights)
    rows = [(video, "cat " * k + "sits") for k, video in enumerate(VIDEOS)]
    write_captions(place.csv, rows)
    spec = f"onnx:size={SIDE},max_words=3"
    about = {"encoder": spec, "weights": dict(Onnx(size=SIDE, max_words=3).load(weights).weights)}
    video, text = (Affine(np.eye(d, 4), np.zeros(4)) for d in (6, 4))
    Projection(video, text, frozenset(), about).save(place.root / "p.npz")
    out, results = place.root / "f.h5", place.root / "results"
    source = ("--videos", place.root / "test", "--captions", place.csv)
    models = ("--encoder", spec, "--weights", weights, "--projection", place.root / "p.npz")
    note = (
        f"4 of 7 captions in /text are longer than the encoder ({spec}) takes (3 pieces) and were "
        "cut off, by up to 4 pieces; the first is 'v3#0', by 1; 4 of them now read like another "
        "caption."
    )
    assert note in vrbench("extract", *source, *models, "--out", out)
    assert note in vrbench("inspect", out)
    saved = place.root / "sim.npz"
    evaluate = ("eval", out, "--method", "global", "--save-sim", saved, "--out", results)
    assert note in vrbench(*evaluate)
    assert note in vrbench("table", "--results", results)
    assert note in vrbench("eval", "--from-sim", saved, "--out", results)


@pytest.mark.parametrize(("words", "cut"), [(1, 0), (3, 0), (4, 1), (11, 8)])
def test_onnx_counts_pieces(tmp_path: Path, words: int, cut: int) -> None:
    encoder = Onnx(size=SIDE, max_words=3, text_batch=2).load(write_models(tmp_path))
    long, short = encoder.texts(
        [Caption("v#0", "v", "cat " * words), Caption("v#1", "v", "a cat sits")]
    )
    assert (long.cut, short.cut) == (cut, 0)
    assert len(long.words) == min(words, 3)
