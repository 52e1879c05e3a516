"""What an extraction says of the order of frames, and files that were begun in another order."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

pytest.importorskip("PIL")

from toy_videos import captions_of, write_captions
from typer.testing import CliRunner
from workplace import VIDEOS, Workplace, place, same, shards

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.errors import InputError
from vrbench.extraction.extract import Inputs
from vrbench.extraction.merging import merge_shards
from vrbench.features import open_features

__all__ = ["place"]

SAID = "The frames of folders are in numeric order (2 before 10), not in that of their names as"


def renumber(folder: Path) -> None:
    """Give the frames f000, f001, ... of a video the names 9, 10, ..."""
    for frame in sorted(folder.glob("f*.png")):
        frame.rename(folder / f"{int(frame.stem[1:]) + 9}.png")


def forget(path: Path) -> Path:
    """Take from a feature file what versions before the numeric order did not write."""
    with h5py.File(path, "r+") as file:
        del file.attrs["frame_order"]
        if "notes" in file.attrs:
            del file.attrs["notes"]
    return path


def order_notes(path: Path) -> list[str]:
    with open_features(path) as features:
        assert features.attrs["frame_order"] == "numeric"
        return [note for note in features.data_notes if "numeric" in note]


@pytest.mark.parametrize("video", ["test/v2", "bank/b2"])
def test_a_folder_whose_orders_differ_is_said(place: Workplace, video: str) -> None:
    assert order_notes(place.extract().path) == []
    renumber(place.root / video)
    done = place.extract("g.h5")
    (note,) = order_notes(done.path)
    assert note.startswith(SAID)
    assert note in done.notes


def test_it_is_printed_by_every_command(place: Workplace) -> None:
    def vrbench(*arguments: object) -> str:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    renumber(place.root / "test" / "v0")
    out, results = place.root / "f.h5", place.root / "results"
    source = ("--videos", place.root / "test", "--captions", place.csv)
    assert SAID in vrbench("extract", *source, "--encoder", "toy", "--out", out)
    assert SAID in vrbench("inspect", out)
    assert SAID in vrbench("eval", out, "--method", "global", "--out", results)
    assert SAID in vrbench("table", "--results", results)
    (result,) = [json.loads(path.read_text()) for path in results.glob("*.json")]
    assert [note for note in result["notes"] if note.startswith(SAID)]


@pytest.mark.parametrize("n", [2, 3, 7])
def test_shards_say_together_what_the_whole_says(place: Workplace, n: int) -> None:
    for video in ("test/v1", "test/v5", "bank/b3"):
        renumber(place.root / video)
    whole = place.extract("whole.h5").path
    merge_shards(shards(place, n), place.root / "merged.h5")
    assert same(place.root / "merged.h5", whole)
    assert len(order_notes(whole)) == 1


@pytest.mark.parametrize("after", [1, 4, 9, 30])
def test_what_is_carried_on_says_it_once(place: Workplace, after: int) -> None:
    class Stop(BaseException):
        pass

    def stop(*_: object) -> None:
        nonlocal after
        after -= 1
        if after < 0:
            raise Stop

    renumber(place.root / "test" / "v1")
    whole = place.extract("whole.h5").path
    with pytest.raises(Stop):
        place.extract(progress=stop)
    assert same(place.extract().path, whole)


def test_frames_that_were_read_in_the_old_order_are_not_carried_on(place: Workplace) -> None:
    few = Inputs(place.source.videos, place.source.captions, 3)
    path = forget(place.extract(source=few).path)
    before = path.read_bytes()
    renumber(place.root / "test" / "v6")
    for source in (place.source, Inputs(place.source.videos, place.source.captions)):
        with pytest.raises(InputError, match=r"frames of video 'v6' in the order of their names"):
            place.extract(source=source)
    assert path.read_bytes() == before
    assert place.extract(overwrite=True).counts["video"] == 7


def test_an_older_file_whose_orders_agree_stays_as_it_is(place: Workplace) -> None:
    path = forget(place.extract().path)
    before = path.read_bytes()
    assert place.extract().notes == ()
    assert path.read_bytes() == before
    few = Inputs(place.source.videos, place.source.captions, 3)
    older = forget(place.extract("g.h5", source=few).path)
    assert place.extract("g.h5").counts["video"] == 7
    with open_features(older) as a, open_features(path) as b:
        np.testing.assert_array_equal(a.video.tokens[:], b.video.tokens[:])


def test_old_and_new_shards_are_not_mixed(place: Workplace) -> None:
    one, two = shards(place, 2)
    with pytest.raises(InputError, match=r"has frame_order = 'numeric', .* has None"):
        merge_shards([forget(one), two], place.root / "m.h5")


def test_notes_that_hold_no_longer_go(place: Workplace) -> None:
    write_captions(place.csv, captions_of([*VIDEOS, "late"]))
    few = Inputs(place.source.videos, place.source.captions, 8)
    with open_features(place.extract(source=few).path) as features:
        assert "1 in /video, 2 in /text" in " ".join(features.data_notes)
    (place.root / "test" / "v0").rename(place.root / "test" / "late")
    place.extract(source=few)
    with open_features(place.root / "f.h5") as features:
        assert features.data_notes == ()
        assert len(features.video) == 8
