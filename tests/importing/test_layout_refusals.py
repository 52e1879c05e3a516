"""What is ambiguous, damaged or made to deceive is refused in one short sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cli_runs import refused, run
from refused_files import X, hdf5, npz, refusal, saved

from vrbench.errors import InputError
from vrbench.importing import Given, read_arrays
from vrbench.importing.given import read_keys


def test_items_of_a_side_that_is_not_said(tmp_path: Path) -> None:
    many = {f"v{i}": X for i in range(500)}
    for source in (
        npz(tmp_path / "a.npz", **many),
        saved(tmp_path / "a.pt", {"v0": torch.ones(2)}),
    ):
        refusal(
            source, r"array for each of [0-9]+ items \(the first is 'v0'\), but not of which side"
        )
    refusal(
        hdf5(tmp_path / "a.h5", lambda f: f.create_dataset("v0/x", data=X)), "not of which side"
    )
    refusal(npz(tmp_path / "b.npz", **{f"video{i}": X for i in range(4)}), "for each of 4 items")
    np.save(tmp_path / "one.npy", X)
    refusal(tmp_path / "one.npy", "is one npy file, which cannot hold two sides: give --video F")


def test_names_are_few_however_many_there_are(tmp_path: Path) -> None:
    strings = {f"a name of some length {i}": np.array(["x"]) for i in range(500)}
    message = refusal(npz(tmp_path / "a.npz", **strings, video=X), "has no text side")
    assert message.count("a name of some length") <= 11
    assert "and 491 more" in message
    path = npz(tmp_path / "v.npz", **strings, ids=np.array(["x"]))
    given = Given(video=path, text=path)
    assert "more; --key THEIRS=video names one." in refusal(given, "has no video side")
    keys = {"nothing": "video"}
    assert "more" in refusal(
        Given(tmp_path / "a.npz", keys=keys), "names an array that is not there"
    )


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"text_embeds": X, "text_features": X, "video": X}, "either may be text: say which one"),
        (
            {"video_ids": list("abc"), "vid_names": list("abc"), "video": X},
            "either may be video_ids",
        ),
        ({"video": np.ones((3, 2, 4)), "text": X}, r"need video_mask \(3, 2\)"),
        (
            {"image_embeds": np.ones((3, 2, 4)), "text": X},
            r"need video_mask.* \(image_embeds is read as image\)\.$",
        ),
        ({"video": X, "text": X, "text_video": ["a", "b", "c"]}, "but not its videos: give their"),
        (
            {"video": X, "video_ids": list("abc"), "text": X, "text_video": ["a", "x", "c"]},
            "1 of 3 texts belong to others, the first to 'x'",
        ),
        (
            {"video": X, "text": X, "video_ids": ["cafe\u0301", "caf\u00e9", "b"]},
            "holds 'café' 2 times",
        ),
    ],
)
def test_what_may_be_meant_in_two_ways(arrays: dict[str, Any], says: str, tmp_path: Path) -> None:
    refusal(npz(tmp_path / "a.npz", **arrays), says)


def test_a_side_and_items_in_one_file(tmp_path: Path) -> None:
    items = {"data": X, "features": X, "x": X, "y": X}
    given = Given(video=npz(tmp_path / "v.npz", **items), text=tmp_path / "v.npz")
    refusal(given, "holds features and 3 arrays of other names")
    path = npz(tmp_path / "w.npz", ids=list("abc"), y=X)
    refusal(Given(video=path, text=path), "has no video side: expected video")


def test_items_that_do_not_fit(tmp_path: Path) -> None:
    for items, says in (
        ({"a": X, "b": np.ones((2, 5), np.float32)}, r"'b' holds tokens \(l, d\), d = 5, but 'a' "),
        ({"a": X, "b": X[0]}, r"'b' holds one vector \(d,\), d = 4, but 'a' holds tokens"),
        ({"a": X, "b": X.astype(int)}, r"'b' holds int64 \(3, 4\), expected floats"),
        ({"a": np.ones((2, 3, 4))}, r"'a' holds float64 \(2, 3, 4\), expected floats"),
    ):
        given = Given(video=npz(tmp_path / "v.npz", **items), text=tmp_path / "v.npz")
        refusal(given, says)
    torch.save({1: torch.ones(2, 4), "1": torch.ones(2, 4)}, tmp_path / "a.pt")
    refusal(Given(video=tmp_path / "a.pt", text=tmp_path / "a.pt"), "as a number and as a string")


def test_two_files_of_one_item_or_side(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    np.save(tmp_path / "v" / "a.npy", X)
    torch.save(torch.ones(3, 4), tmp_path / "v" / "a.pt")
    refusal(Given(video=tmp_path / "v", text=tmp_path / "v"), r"two files of one item")
    (tmp_path / "v" / "a.pt").unlink()
    (tmp_path / "w" / "video").mkdir(parents=True)
    np.save(tmp_path / "w" / "video" / "a.npy", X)
    np.save(tmp_path / "w" / "video.npy", X)
    refusal(tmp_path / "w", "holds video twice")


def test_captions_that_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("video_id,caption\na,x\nb,y\nb,z\n")
    video = npz(tmp_path / "v.npz", a=X, b=X)
    for texts, says in (
        ({"a": X, "b#0": X, "b#2": X}, r"'b#2' is caption 2 .*c\.csv has 2 captions of that video"),
        ({"a": X, "x": X}, "names texts that c.csv does not, the first is 'a'"),
        ({"text": X, "captions": list("abc")}, "holds captions, and so does"),
    ):
        given = Given(None, video, npz(tmp_path / "t.npz", **texts), tmp_path / "c.csv")
        refusal(given, says)
    (tmp_path / "c.csv").write_text("video_id,caption\n")
    refusal(given, "holds no caption")


def test_captions_by_ids_of_their_own_that_do_not_fit(tmp_path: Path) -> None:
    """The sentence names the text at fault, not the first one."""
    given = Given(
        video=npz(tmp_path / "v.npz", a=X, b=X),
        text=npz(tmp_path / "t.npz", q1=X, q2=X),
        captions=tmp_path / "c.csv",
    )
    for rows, says in (
        ("a,x,q1\nb,y,q2\nb,y,q2\n", r"c\.csv holds text 'q2' 2 times: leave one of its rows"),
        ("a,x,q1\nb,y,q3\n", r"names texts that c\.csv does not, the first is 'q2'"),
    ):
        (tmp_path / "c.csv").write_text(f"video_id,caption,text_id\n{rows}")
        refusal(given, says)
    # what is said twice of texts that are not there says nothing of those that are
    (tmp_path / "c.csv").write_text("video_id,caption,text_id\na,x,q1\nb,y,q2\nz,z,q9\nz,z,q9\n")
    captions = read_arrays(given).sides["text"].captions
    assert captions is not None
    assert captions.tolist() == ["x", "y"]


def test_rows_beside_items_of_another_file_need_names(tmp_path: Path) -> None:
    """HDF5 has its ids in alphabetical order, and rows of an npy are in another one."""
    items = hdf5(tmp_path / "v.h5", lambda f: f.update({"b": X[0], "a": X[1], "c": X[2]}))
    np.save(tmp_path / "t.npy", X)
    says = r"names its videos, in the order of .*v\.h5, but not its texts: name their rows in te"
    refusal(Given(video=items, text=tmp_path / "t.npy"), says)
    refusal(Given(video=tmp_path / "t.npy", text=items), r"names its texts, .* but not its videos")
    npz(tmp_path / "t.npz", text=X, text_video=np.array([1, 0, 2]))
    found = read_arrays(Given(video=items, text=tmp_path / "t.npz"))
    assert found.pairs == "text_video"
    said = f"text_video counts the videos of {items} in its order: 'a', 'b', 'c', ..."
    assert said in found.notes


def test_the_command_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = npz(tmp_path / "a.npz", video=X, text=X)
    for words, says in (
        ((), "Give either one source of both sides, or both"),
        (("--video", "a.npz"), "or both --video F and --text F"),
        (("a.npz", "--text", "a.npz"), "Give either one source"),
        (("a.npz", "--key", "video"), "Cannot read --key video: write --key THEIRS=OURS"),
        (("a.npz", "--key", "video=vdeo"), r"not read\. Did you mean 'video'\?"),
        (("a.npz", "--key", "vdeo=video"), r"not there\. Did you mean 'video'\?"),
        (("a.npz", "--captions", "b.csv"), r"b\.csv does not exist"),
    ):
        refused("import", *words, "--out", "f.h5", says=says)
    assert run("import", "--video", source, "--text", source, "--out", "f.h5").code == 0
    with pytest.raises(InputError, match="names 'a' twice"):
        read_keys(["a=video", "a=text"])
    assert read_keys(["a=b=video"]) == {"a=b": "video"}
