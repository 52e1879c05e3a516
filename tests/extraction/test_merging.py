"""Shards joined again, and what a feature file says of its making."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PIL")

from toy_videos import captions_of, write_captions, write_videos
from typer.testing import CliRunner
from workplace import BANK, VIDEOS, Workplace, place, same, shards

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.errors import InputError
from vrbench.extraction.extract import Extraction, Inputs
from vrbench.extraction.merging import merge_shards
from vrbench.extraction.sharding import join_shards
from vrbench.features import open_features
from vrbench.features.writer import FeatureWriter

__all__ = ["place"]


@pytest.mark.parametrize("n", [2, 3, 5])
def test_merged_shards_are_the_whole(place: Workplace, n: int) -> None:
    whole = place.extract("whole.h5").path
    out = place.root / "merged.h5"
    counts = merge_shards(shards(place, n)[::-1], out)
    assert counts == {"video": 7, "text": 14, "bank/video": 4, "bank/text": 8}
    assert same(out, whole)


@pytest.mark.parametrize("n", [1, 3])
def test_shards_in_a_folder_are_parts(place: Workplace, n: int) -> None:
    whole = place.extract("whole.h5").path
    for k in range(n, 0, -1):
        made = place.extract("set", shard=f"{k}/{n}").path
        assert made == place.root / "set" / f"part-{k:05}-of-{n:05}.h5"
    with open_features(made) as features:
        assert features.attrs["shard"] == f"1/{n}"
    assert join_shards(place.root / "set")["text"] == 14
    assert same(place.root / "set" / "all.h5", whole)
    assert place.extract("set", shard=f"1/{n}").path == made, "carried on"


def test_what_is_missing_adds_up(place: Workplace) -> None:
    for video in ("v1", "v6"):
        (place.root / "test" / video / "f001.png").write_bytes(b"not an image")
    write_captions(place.csv, [*captions_of(VIDEOS), ("v2", " ")])
    whole = place.extract("whole.h5").path
    out = place.root / "merged.h5"
    merge_shards(shards(place, 3), out)
    assert same(out, whole)
    with open_features(out) as features:
        assert json.loads(features.attrs["missing"]) == {
            "video": 2,
            "text": 5,
            "bank/video": 0,
            "bank/text": 0,
        }
        (empty, lost) = features.data_notes
        assert empty == "1 texts are empty."
        assert "could not be read are missing (2 in /video, 5 in /text): numbers" in lost


def test_what_is_no_set_of_shards_is_refused(place: Workplace) -> None:
    one, two, three = shards(place, 3)
    whole = place.extract("whole.h5").path
    other = place.extract("other.h5", shard="2/3", encoder="toy:seed=1").path
    half = place.extract("half.h5", shard="2/2").path
    with open_features(one) as features:
        attrs = {k: v for k, v in features.attrs.items() if k not in ("dtype", "format", "version")}
    stolen = place.root / "stolen.h5"
    with FeatureWriter(stolen, {**attrs, "shard": "2/3"}) as writer, open_features(one) as features:
        writer.append("video", features.video.block(0, 2))
        writer.finish()
    out = place.root / "out.h5"
    for given, message in (
        ([one, three], "missing: 2/3"),
        ([one, two, two, three], "Shard 2/3 is given twice"),
        ([one, whole], "whole.h5 is no shard"),
        ([one, other, three], "has encoder = 'toy:seed=1', .* has 'toy'"),
        ([one, half, three], "half.h5 is shard 2/2"),
        ([one, stolen, three], "'v0' is in /video of .*1.h5 and of .*stolen.h5"),
        ([one, place.root / "gone.h5"], "gone.h5 does not exist"),
    ):
        with pytest.raises(InputError, match=message):
            merge_shards(given, out)
        assert not out.exists()
    merge_shards([one, two, three], out)
    with pytest.raises(InputError, match="exists already"):
        merge_shards([one, two, three], out)
    with pytest.raises(InputError, match="is one of the shards"):
        merge_shards([one, two, three], two, overwrite=True)
    with pytest.raises(InputError, match="i/n, such as 1/4"):
        place.extract("x.h5", shard="4/3")


def test_a_shard_is_not_carried_on_as_another_or_as_the_whole(place: Workplace) -> None:
    place.extract(shard="1/2")
    for shard, now in (("2/2", "'2/2'"), (None, "None")):
        with pytest.raises(InputError, match=f"was begun with shard = '1/2', now it is {now}"):
            place.extract(shard=shard)


def test_a_second_writer_is_told_so(place: Workplace) -> None:
    said: list[tuple[int, str]] = []
    source = ("--videos", place.root / "test", "--captions", place.csv)
    out = place.root / "f.h5"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "vrbench",
        "extract",
        *source,
        "--encoder",
        "toy",
    ]

    def extract_again(side: str, done: int, total: int) -> None:
        if (side, done) == ("video", 3):
            more = ["--overwrite"] if out.exists() and said else []
            again = subprocess.run(
                [*command, "--out", out, *more], capture_output=True, text=True, check=False
            )
            said.append((again.returncode, again.stderr))

    whole = place.extract("whole.h5")
    place.extract(progress=extract_again)
    place.extract(progress=extract_again, overwrite=True)
    for code, message in said:
        assert (code, "is locked by another process" in message) == (2, True), message
    assert len(said) == 2
    assert same(whole.path, out)


def labelled(root: Path) -> Inputs:
    """Two videos in sub-folders, one with a class."""
    write_videos(root / "media" / "a", ["x"])
    write_videos(root / "media" / "b", ["y"])
    path = root / "train.csv"
    path.write_text("video_id,caption,file,label\nx,one,a/x,cooking\ny,two,b/y,\n")
    return Inputs(root / "media", path)


def test_labels_and_places_of_videos_are_stored(place: Workplace) -> None:
    with open_features(place.extract(source=labelled(place.root), bank=None).path) as features:
        assert features.video.item_columns["label"].tolist() == ["cooking", ""]
        assert features.video.ids.tolist() == ["x", "y"]


def test_clips_of_a_sequence(place: Workplace) -> None:
    path = place.root / "clips.csv"
    path.write_text("video_id,caption,file,position\nv0_a,one,v0,0\nv0_b,two,v0,1\n")
    done: Extraction = place.extract(source=Inputs(place.source.videos, path))
    with open_features(done.path) as features:
        for side in (features.video, features.text):
            assert side.item_columns["sequence"].tolist() == ["v0", "v0"]
            assert side.item_columns["position"].tolist() == [0, 1]
    path.write_text("video_id,caption,file,position\nb0_a,one,b0,0\n")
    with pytest.raises(InputError, match="Bank video 'b0' is also a video of the test side"):
        place.extract("g.h5", source=Inputs(place.bank.videos, path))


def test_a_dataset_on_the_command_line(place: Workplace) -> None:
    def vrbench(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        return result.exit_code, " ".join(result.output.split())

    media, notes = place.root / "media", place.root / "notes"
    write_videos(media, [*VIDEOS, *BANK])
    notes.mkdir()
    write_captions(notes / "test.csv", captions_of(VIDEOS))
    write_captions(notes / "train.csv", captions_of(BANK))
    out = place.root / "f.h5"
    data = ("--videos", media, "--dataset", "csv", "--annotations", notes, "--split", "test")
    more = ("--bank-split", "train", "--bank-size", 6, "--encoder", "toy", "--out", out)
    code, said = vrbench("extract", *data, *more)
    assert code == 0
    remark = "The bank of 6 pairs from csv train has 4 distinct videos and 6 captions, 6 of them"
    assert f"Bank: {remark}" in said
    with open_features(out) as features:
        assert features.bank_text is not None
        assert features.bank_text.ids.tolist() == ["b0#0", "b0#1", "b1#0", "b1#1", "b2#0", "b3#0"]
        assert (features.attrs["dataset"], features.attrs["split"]) == ("csv", "test")
        assert json.loads(features.attrs["captions"]).keys() == {"csv test"}
        assert any(remark in note for note in features.data_notes)
    assert vrbench("extract", *data, *more)[0] == 0
    code, said = vrbench("extract", *data, *more[2:-1], place.root / "g.h5")
    assert (code, "A bank needs --bank-captions with" in said) == (2, True)
    code, said = vrbench("extract", *data[:2], *more[-4:])
    assert (code, "--dataset NAME --annotations DIR --split" in said) == (2, True)
    code, said = vrbench("extract", *data[:3], "cvs", *data[4:], *more)
    assert (code, "Did you mean" in said) == (2, True)
    code, said = vrbench("extract", *data, *more[:3], 5, *more[4:])
    assert (code, "was begun with bank_captions" in said) == (2, True)


def test_another_device_than_there_is(place: Workplace) -> None:
    import torch

    from vrbench.runtime.device import torch_device

    with pytest.raises(InputError, match=r"Unknown device 'cdua'.*cuda"):
        torch_device("cdua")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="There is no CUDA device here"):
            torch_device("cuda")
        assert torch_device("auto") == "cpu"
