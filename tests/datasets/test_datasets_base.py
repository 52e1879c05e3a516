from pathlib import Path

import pytest
from small_annotations import refusal, write

from vrbench import datasets
from vrbench.cli.catalogue import registered
from vrbench.datasets import Dataset, Split


def test_an_unknown_dataset_is_named_with_the_right_one(tmp_path: Path) -> None:
    assert "Unknown dataset 'msrvt'. Did you mean 'msrvtt'?" in refusal("msrvt", tmp_path, "test")


def test_an_unknown_split_is_named_with_the_right_one_and_all(tmp_path: Path) -> None:
    message = refusal("msrvtt", tmp_path, "fulltest")
    assert message == (
        "Unknown split 'fulltest' of msrvtt. Did you mean 'full-test'? "
        "Splits: test, train-9k, train-7k, train, val, full-test."
    )


def test_the_folder_must_be_there(tmp_path: Path) -> None:
    message = refusal("didemo", tmp_path / "none", "test")
    assert message.endswith("none does not exist: give the folder that holds test_data.json.")
    write(tmp_path, a_txt="")
    assert "a.txt is a file: give" in refusal("ucf101", tmp_path / "a.txt", "all")


def test_missing_files_are_listed_with_all_that_are_needed(tmp_path: Path) -> None:
    write(tmp_path, test_list_txt="a")
    message = refusal("msvd", tmp_path, "test")
    assert message == (
        f"{tmp_path} has no captions_msvd.json: "
        "msvd test needs test_list.txt, captions_msvd.json there, plain or in a zip."
    )
    message = refusal("msrvtt", tmp_path, "train-9k")
    assert "has no MSRVTT_train.9k.csv and no train_val_videodatainfo.json or MSR" in message


def test_nothing_in_the_files_is_refused(tmp_path: Path) -> None:
    message = refusal("csv", write(tmp_path, test_csv="video_id,caption\n"), "test")
    assert message == f"{tmp_path} (csv test) names no video."


def test_ids_are_unique(tmp_path: Path) -> None:
    folder = write(tmp_path, test_list_txt="a\na\n", captions_msvd_json={"a": ["x"]})
    assert "(msvd test): video 'a' stands twice." in refusal("msvd", folder, "test")


@pytest.mark.parametrize("name", ["", "..", "../a", "/etc/a", "a//b", r"a\b"])
def test_no_name_leads_out_of_the_videos(name: str, tmp_path: Path) -> None:
    folder = write(tmp_path, test_json={name: ["x"]})
    assert f"'{name}' cannot name a video." in refusal("json", folder, "test")


def test_captions_lose_white_space_and_nothing_else(tmp_path: Path) -> None:
    texts = ["  Ünï  cødé \n", "x", "x", " "]
    found = datasets.read("json", write(tmp_path, test_json={"a": texts}), "test")
    assert found.videos[0].texts == ("Ünï  cødé", "x", "x", "")


def test_the_spec_is_the_name(tmp_path: Path) -> None:
    write(tmp_path, train_json={"v_a": {"timestamps": [[0, 1]], "sentences": ["x"]}})
    assert datasets.read("activitynet", tmp_path, "train").dataset == "activitynet"
    clips = datasets.read(" activitynet: unit=clips", tmp_path, "train")
    assert (clips.dataset, clips.split) == ("activitynet:unit=clips", "train")


@pytest.mark.parametrize(("name", "cls"), datasets.datasets.classes().items())
def test_every_dataset_is_documented(name: str, cls: type[Dataset]) -> None:
    assert "Source: " in (cls.__doc__ or "")
    assert cls.source, name
    for split, published in cls.splits.items():
        assert published.about, split


def test_listings_name_splits_and_counts() -> None:
    entries = {entry["name"]: entry for entry in registered(datasets.datasets.classes())}
    assert entries["youcook2"]["parameters"] == "unit=clips"
    assert entries["msvd"]["source"].startswith("Chen and Dolan")
    overview = datasets.datasets.classes()["msvd"].overview()
    assert overview.startswith("test (670 videos, 27,763 texts), train (1,200 videos, ")
    assert datasets.datasets.classes()["csv"].overview() == "any"


def test_free_splits_have_no_published_counts() -> None:
    assert datasets.datasets.parse("csv").expected("mine") == Split(("mine.csv|mine.tsv",))
