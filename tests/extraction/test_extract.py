import os
import threading
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from toy_videos import captions_of, write_captions, write_videos
from typer.testing import CliRunner
from workplace import VIDEOS, Workplace, place, same

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.datasets import read_csv
from vrbench.datasets.captions import Caption
from vrbench.encoders import Encoded
from vrbench.encoders.toy import Toy
from vrbench.errors import InputError
from vrbench.extraction.extract import Inputs
from vrbench.features import open_features
from vrbench.video import Clip

__all__ = ["place"]


def test_everything_is_in_the_file(place: Workplace) -> None:
    (place.root / "test" / "not named by the csv").mkdir()
    done = place.extract(dataset="toys", split="test", normalized=False)
    assert done.counts == {"video": 7, "text": 14, "bank/video": 4, "bank/text": 8}
    assert done.skipped == ()
    with open_features(done.path) as features:
        assert features.video.ids.tolist() == VIDEOS
        assert features.text.ids.tolist()[:3] == ["v0#0", "v0#1", "v1#0"]
        assert features.text_video.tolist() == [i // 2 for i in range(14)]
        words = features.text.token_columns["words"][:5].tolist()
        assert words == ["words", "of", "v0", "take", "0"]
        assert features.video.token_columns["frame"][:4].tolist() == [0, 1, 2, 0]
        assert features.bank_text is not None
        assert features.bank_text.video is not None
        assert features.bank_text.video.tolist() == [i // 2 for i in range(8)]
        known = {"dataset": "toys", "split": "test", "encoder": "toy", "frames": "uniform:1-12"}
        assert features.attrs.items() >= known.items()
        assert features.attrs["dim"] == 16
        assert not features.attrs["normalized"]
        assert features.attrs["complete"]
        assert str(place.root) not in str(features.attrs)
        clip = Toy().load(None).video(Clip("v0", [None] * 3, range(3)))
        np.testing.assert_array_equal(features.video.tokens[:3], clip.tokens.astype(np.float16))


@pytest.mark.slow
def test_the_file_is_the_same_whatever_the_batch_and_to_the_byte(place: Workplace) -> None:
    first, again, other = (
        place.extract(name, batch=batch).path for name, batch in (("a", 3), ("b", 3), ("c", 50))
    )
    assert first.read_bytes() == again.read_bytes()
    assert same(first, other)


def test_videos_are_named_as_a_shell_writes_them(place: Workplace) -> None:
    folders = sorted(map(str, (place.root / "test").iterdir()))
    words = ["--captions", str(place.csv), "--encoder", "toy", "--out"]
    for videos, out in ((folders, "each.h5"), ([str(place.root / "test")], "folder.h5")):
        said = CliRunner().invoke(
            app, ["extract", "--videos", *videos, *words, str(place.root / out)]
        )
        assert said.exit_code == 0, said.output
    assert (place.root / "each.h5").read_bytes() == (place.root / "folder.h5").read_bytes()


def test_a_place_that_is_given_twice_is_one_place(place: Workplace) -> None:
    root = place.root / "test"
    folders = (root, root / "v1", place.root / "bank" / ".." / "test")
    source = Inputs(folders, place.source.captions)
    assert place.extract(source=source, bank=None).skipped == ()
    (place.root / "test" / "sheet.png").write_bytes((root / "v1" / "f001.png").read_bytes())
    assert place.extract("g.h5", source=source, bank=None).skipped == ()


def test_videos_shorter_than_asked_are_skipped_and_named(place: Workplace) -> None:
    write_videos(place.root / "test", ["v1", "v4"], frames=4)
    done = place.extract(frames="uniform:4", bank=None)
    assert done.counts == {"video": 2, "text": 4}
    assert len(done.skipped) == len(VIDEOS) - 2
    for video, sentence in zip(sorted({*VIDEOS} - {"v1", "v4"}), done.skipped, strict=True):
        assert f"video '{video}', has 3 of the 4 frames that --frames uniform:4" in sentence
        assert "--frames uniform:1-4 takes those that there are" in sentence
    with open_features(done.path) as features:
        assert features.video.ids.tolist() == ["v1", "v4"]
        assert features.video.lengths.tolist() == [4, 4]
    threads = threading.active_count()
    with pytest.raises(InputError, match="'v0', has 3 of the 4 frames") as kept:
        place.extract("strict.h5", frames="uniform:4", bank=None, strict=True)
    assert threading.active_count() == threads, f"none waits for {kept.type} to be collected"


@pytest.mark.parametrize(("frames", "kept"), [("uniform:3", 3), ("head:1-4", 3), ("tail:2-5", 3)])
def test_videos_as_long_as_asked_are_kept(place: Workplace, frames: str, kept: int) -> None:
    done = place.extract(bank=None, frames=frames, strict=True)
    assert done.counts["video"] == len(VIDEOS)
    with open_features(done.path) as features:
        assert set(features.video.lengths) == {kept}


def test_what_cannot_be_read_is_skipped_and_named(place: Workplace) -> None:
    (place.root / "test" / "v1" / "f001.png").write_bytes(b"not an image")
    rows = [("gone", "no folder"), *captions_of(VIDEOS), ("v2", "  "), ("v2", "the last")]
    write_captions(place.csv, rows)
    done = place.extract()
    assert done.counts == {"video": 6, "text": 13, "bank/video": 4, "bank/text": 8}
    missing, damaged, empty = done.skipped
    assert "'gone'" in missing
    assert "f001.png" in damaged
    assert "'v2#2'" in empty
    with open_features(done.path) as features:
        assert features.text.ids.tolist()[2:5] == ["v2#0", "v2#1", "v2#3"]
        assert features.text_video.tolist() == [0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    for damage in ("gone", "f001.png"):
        with pytest.raises(InputError, match=damage):
            place.extract(f"{damage}.h5", strict=True)
        write_captions(place.csv, rows[1:])


def test_a_folder_without_any_of_the_videos_is_an_error(place: Workplace) -> None:
    nowhere = Inputs(place.bank.videos, place.source.captions)
    with pytest.raises(InputError, match=r"empty /video, as all 7 are skipped: .*'v0' is not the"):
        place.extract(source=nowhere)
    assert not (place.root / "f.h5").exists(), "a file without any item is in nobody's way"
    with pytest.raises(InputError, match="empty /bank/video, as all 4 are skipped"):
        place.extract(bank=Inputs(place.source.videos, place.bank.captions))
    assert place.extract().counts["bank/video"] == 4, "what was encoded stays, and is carried on"


def test_what_an_encoder_cannot_do_is_named(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object, caption: Caption) -> Encoded:
        return Encoded(np.full((1, 16), np.nan), np.zeros(16), ("x",))

    monkeypatch.setattr(type(Toy().load(None)), "text", broken)
    with pytest.raises(InputError, match="NaN or infinity for 'v0#0'"):
        place.extract()


def test_the_bank_is_apart_from_the_test_videos(place: Workplace) -> None:
    with pytest.raises(InputError, match="'v0' is also a video of the test side"):
        place.extract(bank=place.source)
    assert not (place.root / "f.h5").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,caption\nv0,a\n", r"no column video_id \(or video, vid, image\) \("),
        ("", r"no column video_id .* and caption \(or sentence, query, desc, text\)"),
        ("video_id,caption\n", "names no video"),
        ("video_id,caption\nv0\n", "line 2"),
        ("video_id,caption\n../v0,a\n", "cannot name a video"),
        ('video_id,caption\nv0,"a\n', "after line 1: unexpected end"),
        ("video_id,caption\nv0,\udce9\n", "not UTF-8 at byte 20"),
    ],
)
def test_captions_that_are_no_captions_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=message):
        read_csv(path)


def test_captions_may_come_in_any_order_with_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes('\ufeffn,caption,video_id\r\n1,"a, b",x\r\n2,c,y\r\n3, ,x\r\n'.encode())
    assert read_csv(path).captions_by_video == {"x": ["a, b", ""], "y": ["c"]}
    assert read_csv(path).first(1).captions_by_video == {"x": ["a, b", ""]}
    with pytest.raises(InputError, match=r"gone.csv does not exist: give a CSV"):
        read_csv(tmp_path / "gone.csv")


def test_from_videos_to_a_projected_file_on_the_command_line(place: Workplace) -> None:
    def vrbench(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        return result.exit_code, result.output

    fit = [f"x{i}" for i in range(20)]
    write_videos(place.root / "fit", fit)
    write_captions(place.root / "fit.csv", captions_of(fit))
    raw, npz, out = (place.root / name for name in ("raw.h5", "p.npz", "f.h5"))
    test = ("--videos", place.source.videos, "--captions", place.source.captions)
    fitted = ("--videos", place.root / "fit", "--captions", place.root / "fit.csv")
    toy = ("--encoder", "toy:dim=8", "--batch", 4)
    code, said = vrbench("extract", *fitted, *toy, "--out", raw)
    assert (code, "20 in /video, 40 in /text; 0 skipped" in said) == (0, True)
    train = ("train", "projection", raw, "--out", npz, "--reg", "0.1,1", "--width", 4)
    code, said = vrbench(*train)
    assert (code, "fitted on 20 videos and 40 texts" in said) == (0, True)
    assert vrbench(*train)[0] == 2
    bank = ("--bank-videos", place.bank.videos, "--bank-captions", place.bank.captions)
    code, said = vrbench("extract", *test, *bank, *toy, "--projection", npz, "--out", out)
    assert (code, "8 in /bank/text" in said) == (0, True)
    with open_features(out) as features:
        assert features.attrs["dim"] == features.video.dim == features.text.dim == 4
        assert "p.npz" in features.attrs["projection"]
    flattered = ("--bank-videos", place.root / "fit", "--bank-captions", place.root / "fit.csv")
    new = ("--projection", npz, "--out", place.root / "new.h5")
    code, said = vrbench("extract", *test, *flattered, *toy, *new)
    assert (code, "Bank video 'x0' is one that the projection" in said) == (2, True)
    code, said = vrbench("extract", *fitted, *toy, *new)
    assert (code, "20 of these videos are among those" in said) == (0, True)
    code, said = vrbench("extract", *test, "--encoder", "toy:dim=9", *new, "--overwrite")
    assert (code, "train one for this encoder" in said) == (2, True)
    code, said = vrbench("extract", *test, *bank[:2], *toy, "--out", place.root / "n.h5")
    assert (code, "needs --bank-captions with" in said) == (2, True)


def test_only_feature_files_are_overwritten(place: Workplace) -> None:
    before = place.csv.read_bytes()
    with pytest.raises(InputError, match="is no HDF5 file and is not overwritten"):
        place.extract(place.csv.name, overwrite=True)
    assert place.csv.read_bytes() == before
    os.mkfifo(place.root / "pipe.h5")
    for overwrite in (False, True):
        with pytest.raises(InputError, match=r"pipe\.h5 is a device: give the name of a file"):
            place.extract("pipe.h5", overwrite=overwrite)
    assert (place.root / "pipe.h5").is_fifo()


@pytest.mark.slow
def test_what_is_overwritten_stays_until_the_new_file_is_whole(place: Workplace) -> None:
    out = place.extract().path
    before = out.read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place.extract(encoder="toy:dim=8", overwrite=True, progress=interrupt)
    assert out.read_bytes() == before
    place.extract(encoder="toy:dim=8", overwrite=True)
    with open_features(out) as features:
        assert features.video.dim == 8
    assert list(place.root.glob(".*")) == []
