"""Figures, encoders, datasets and others of plug-ins that raise, or give what they must not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_runs import refused, run
from outside import plugged
from small_features import write_features
from toy_videos import captions_of, write_captions, write_videos

import vrbench
from vrbench.cli.catalogue import registered
from vrbench.datasets import datasets, read
from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.figures import figures

CODE = """
from dataclasses import dataclass
from vrbench.normalizations import normalizations
from pandas import DataFrame
import vrbench
from vrbench.datasets import Content, Dataset, datasets
from vrbench.encoders import Encoded, encoders
from vrbench.encoders.toy import Toy, _LoadedToy
from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.base import Figure
from vrbench.normalizations.base import Fitted, Normalization

@figures.register("own")
@dataclass(frozen=True)
class Own(Figure):
    bad: str = "data"
    normalized = False
    def data(self, case):
        if self.bad == "none": return None
        return {}["data"] if self.bad == "data" else DataFrame({"a": [1]})
    def draw(self, data, axes):
        return {}["draw"]

@datasets.register("failing")
@dataclass(frozen=True)
class Failing(Dataset):
    bad: str = "content"
    def content(self, folder, split):
        if self.bad == "none": return None
        return {}["content"] if self.bad == "content" else Content({}["late"] for _ in range(2))

class Loaded(_LoadedToy):
    def video(self, clip):
        if self.bad == "video": return {}["video"]
        if self.bad == "skip" and clip.id == "b": raise InputError("Cannot be encoded.")
        return None if self.bad == "nothing" else super().video(clip)
    def text(self, caption):
        found = super().text(caption)
        if self.bad == "text": return {}["text"]
        if self.bad == "short": return Encoded(found.tokens, found.global_vector, found.words[:1])
        some = self.bad == "some" and caption.id.endswith("#0")
        keep = some or self.bad not in ("wordless", "some")
        return Encoded(found.tokens, found.global_vector, found.words if keep else ())

@encoders.register("own")
@dataclass(frozen=True)
class OwnEncoder(Toy):
    bad: str = "load"
    def load(self, weights, device="cpu"):
        if self.bad == "load": return {}["load"]
        if self.bad == "none": return None
        found = Loaded(self)
        found.bad = self.bad
        return found

@vrbench.alignment("leaves")
def leaves(text, video):
    raise SystemExit(3)

@normalizations.register("leaves")
@dataclass(frozen=True)
class Leaves(Normalization):
    def fit(self, bank): raise SystemExit(3)
"""


@pytest.fixture(autouse=True)
def plugin(tmp_path: Path) -> Iterator[None]:
    with plugged(tmp_path / "own.py", CODE):
        yield


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_videos(tmp_path / "videos", ["a", "b"])
    write_captions(tmp_path / "c.csv", captions_of(["a", "b"]))
    return tmp_path


def words(place: Path, bad: str) -> tuple[str | Path, ...]:
    inputs = ("--videos", place / "videos", "--captions", place / "c.csv", "-q")
    return "extract", *inputs, "--encoder", f"own:bad={bad}", "--out", place / "f.h5"


@pytest.mark.parametrize("bad", ["data", "draw"])
def test_a_figure_that_raises_is_named(bad: str, tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5")
    more = ("--method", "global", "--out", tmp_path / "out", "-q")
    said = rf"The figure 'own' of the file own\.py fails \(KeyError: '{bad}' in line"
    refused("plot", f"own:bad={bad}", tmp_path / "f.h5", *more, says=said)


def test_a_figure_without_numbers_is_refused(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5")
    with pytest.raises(InputError, match=r"'own:bad=none' returns NoneType as its data: it has to"):
        vrbench.plot("own:bad=none", tmp_path / "f.h5", method="global", out=tmp_path)


@pytest.mark.parametrize("bad", ["content", "late"])
def test_a_dataset_that_raises_is_named(bad: str, tmp_path: Path) -> None:
    said = rf"^The dataset 'failing' of the file own\.py fails \(KeyError: '{bad}' in line"
    with pytest.raises(InputError, match=said):
        read(f"failing:bad={bad}", tmp_path, "test")


def test_a_dataset_without_content_is_refused(tmp_path: Path) -> None:
    said = r"^The dataset 'failing:bad=none' returns NoneType as the content of test: it has to"
    with pytest.raises(InputError, match=said):
        read("failing:bad=none", tmp_path, "test")


@pytest.mark.parametrize("bad", ["load", "video", "text"])
def test_an_encoder_that_raises_ends_the_extraction(bad: str, place: Path) -> None:
    said = rf"^vrbench: The encoder 'own' of the file own\.py fails \(KeyError: '{bad}' in line"
    refused(*words(place, bad), says=said)


@pytest.mark.parametrize("bad", ["none", "nothing"])
def test_an_encoder_that_returns_nothing_is_named(bad: str, place: Path) -> None:
    said = (
        r"^vrbench: The encoder 'own' of the file own\.py fails \(AttributeError: 'NoneType' object"
    )
    refused(*words(place, bad), says=said)


def test_an_item_that_an_encoder_refuses_is_skipped(place: Path) -> None:
    done = run(*words(place, "skip"))
    assert done.code == 0
    with open_features(place / "f.h5") as features:
        assert features.video.ids.tolist() == ["a"]


def test_captions_may_have_tokens_without_words(place: Path) -> None:
    assert run(*words(place, "wordless")).code == 0
    assert run("inspect", place / "f.h5").code == 0
    with open_features(place / "f.h5") as features:
        assert len(features.text) == 4
        assert "words" not in features.text.token_columns


def test_words_for_some_captions_or_some_tokens_are_refused(place: Path) -> None:
    said = r"The encoder gave 'a#0' and 'a#1' different values \(words\): it has to give all or no"
    refused(*words(place, "some"), says=said)
    (place / "f.h5").unlink()
    refused(*words(place, "short"), says=r"The encoder gave 'a#0' 1 words for 5 tokens\.")


def test_system_exit_is_a_failure_like_any_other(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5")
    words = ("eval", tmp_path / "f.h5", "--out", tmp_path / "out", "-q", "--method")
    refused(*words, "leaves", says=r"The function 'leaves' on text '.*' fails \(SystemExit: 3 in")
    norm = ("global", "--norm", "leaves", "--bank", "test")
    refused(*words, *norm, says=r"^.*The norm 'leaves' of the file own\.py fails \(SystemExit: 3")


def test_a_class_without_a_docstring_has_no_description() -> None:
    for registry in (figures, datasets):
        (row,) = (row for row in registered(registry.classes()) if row.get("file") == "own.py")
        assert row["summary"] == ""
    done = run("list", "norms", "leaves")
    assert done.out.splitlines()[0] == "leaves"
