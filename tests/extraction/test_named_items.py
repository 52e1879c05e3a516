"""What is skipped, swapped or cannot be told is named by its item, not by its file only."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PIL")
pytest.importorskip("av")

from small_annotations import write
from toy_files import moving, write_video
from toy_videos import write_captions, write_videos
from workplace import Workplace, place

from vrbench import datasets
from vrbench.datasets import Annotations, read_csv
from vrbench.datasets.captions import Caption
from vrbench.encoders import Encoded, LoadedEncoder
from vrbench.encoders.toy import Toy
from vrbench.errors import InputError
from vrbench.extraction.extract import Extraction, Inputs, extract
from vrbench.features import open_features

__all__ = ["place"]

HEAD = "video_id,caption,file,start,end\n"


def extracted(folder: Path, rows: Sequence[str], **more: Any) -> Extraction:
    """Encode clips of a video file of 2 s and a folder of 3 frames."""
    write_video(folder / "v" / "long.mp4", moving(50, (32, 32)))
    write_videos(folder / "v", ["frames"])
    (folder / "c.csv").write_text(HEAD + "\n".join(rows) + "\n")
    source = Inputs(folder / "v", folder / "c.csv")
    return extract(source, folder / "f.h5", encoder="toy", frames="uniform:4", **more)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("c1,b,long,500,600", "shows no frame from 500 s to 600 s"),
        ("c1,b,long,1,1", "shows no frame from 1 s to 1 s"),
        ("c1,b,long,0,0.1", "has 3 of the 4 frames"),
        ("c1,b,gone,0,1", "'gone' is not there"),
        ("c1,b,frames,0,1", "has no time axis"),
        ("c1,b,frames,,", "has 3 of the 4 frames"),
    ],
)
def test_a_clip_that_is_skipped_is_named(tmp_path: Path, row: str, why: str) -> None:
    (tmp_path / "v").mkdir()
    rows = ("c0,a,long,0,1", row, "c2,d,long,1,2")
    done = extracted(tmp_path, rows)
    (sentence,) = done.skipped
    assert sentence.startswith("Video 'c1': ")
    assert why in sentence
    with open_features(done.path) as features:
        assert features.video.ids.tolist() == ["c0", "c2"]
    with pytest.raises(InputError, match=r"Video 'c1': "):
        extracted(tmp_path, rows, strict=True, overwrite=True)


def test_a_video_that_is_named_already_is_not_named_twice(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    (sentence,) = extracted(tmp_path, ("long,a,,,", "gone,b,,,")).skipped
    assert sentence.startswith("Video 'gone' is not there")


def test_a_caption_that_the_encoder_refuses_is_named(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = type(Toy().load(None))
    whole = toy.text

    def text(self: LoadedEncoder, caption: Caption) -> Encoded:
        if caption.id == "v3#1":
            raise InputError("text.onnx does not fit this encoder.")
        return whole(self, caption)

    monkeypatch.setattr(toy, "text", text)
    assert place.extract().skipped == ("Caption 'v3#1': text.onnx does not fit this encoder.",)
    with pytest.raises(InputError, match="Caption 'v3#1': text"):
        place.extract("g.h5", strict=True)


def swapped(found: Annotations) -> list[str]:
    return [note for note in found.notes() if "swapped" in note]


def test_segments_in_the_wrong_order_are_swapped_and_named(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    done = extracted(tmp_path, ("c0,a,long,0,1", "c1,b,long,2,1", "c2,d,long,1,2"))
    said = "1 segments end before they start ('c1'): start and end are swapped."
    assert done.skipped == ()
    assert said in done.notes
    with open_features(done.path) as features:
        assert said in features.data_notes
        assert features.video.item_columns["start"].tolist() == [0, 1, 1]
        assert features.video.item_columns["end"].tolist() == [1, 2, 2]
        frame = features.video.token_columns["frame"]
        assert frame[4:8].tolist() == frame[8:].tolist()


def test_every_reader_swaps_and_says_so(tmp_path: Path) -> None:
    rows = [
        {"video_id": f"c{k}", "caption": "x", "file": "f", "start": k + 1, "end": k}
        for k in range(7)
    ]
    write(tmp_path, own_json=rows, val_1_json={"v": {"timestamps": [[3, 1]], "sentences": ["x"]}})
    found = datasets.read("json", tmp_path, "own")
    assert [(video.start, video.end) for video in found.videos] == [(k, k + 1) for k in range(7)]
    assert swapped(found) == [
        "7 segments end before they start ('c0', 'c1', 'c2', 'c3', 'c4', and 2 more): start and "
        "end are swapped."
    ]
    (clips,) = datasets.read("activitynet:unit=clips", tmp_path, "val_1").videos
    assert (clips.start, clips.end) == (1, 3)
    for unit, count in (("clips", 1), ("videos", 0)):
        whole = datasets.read(f"activitynet:unit={unit}", tmp_path, "val_1")
        assert len(swapped(whole)) == count
    write_captions(tmp_path / "c.csv", [("v", "no times")])
    assert swapped(read_csv(tmp_path / "c.csv")) == []


def test_swapped_segments_of_the_bank_are_said_apart(place: Workplace) -> None:
    path = place.root / "bank.csv"
    write_video(place.root / "bank" / "long.mp4", moving(50, (32, 32)))
    path.write_text(f"{HEAD}b9,x,long,2,1\n")
    done = place.extract(bank=Inputs(place.root / "bank", path))
    bank, said = "Bank: 1 segments end before they start ('b9')", json.dumps(done.notes)
    assert bank in said
    assert said.count("swapped") == 1
