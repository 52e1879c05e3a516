"""Captions beyond the limit of their encoder are counted, whoever encodes them and however."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

pytest.importorskip("PIL")

from toy_videos import write_captions
from workplace import BANK, Workplace, place, same, shards

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.datasets.captions import Caption
from vrbench.encoders import Encoded, LoadedEncoder
from vrbench.encoders.toy import Toy
from vrbench.errors import InputError
from vrbench.evaluation.evaluate import evaluate
from vrbench.evaluation.evaluation import Evaluation
from vrbench.extraction.merging import merge_shards
from vrbench.features import open_features
from vrbench.features.cut import cut_notes
from vrbench.features.inspect import inspect_file
from vrbench.heads.projection import Affine, Projection

__all__ = ["place"]

MOST = 3


@pytest.fixture
def short(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """A toy that takes three words, and captions of two to six words.

    Of the test side v0#1 and v3#1 read like v0#0, v1#1 like v4#0; v2#0 lost its last word only.
    """
    toy = type(Toy().load(None))
    whole = toy.text

    def text(self: LoadedEncoder, caption: Caption) -> Encoded:
        words = caption.text.split()
        kept = replace(caption, text=" ".join(words[:MOST]))
        return replace(whole(self, kept), cut=max(len(words) - MOST, 0))

    monkeypatch.setattr(toy, "text", text)
    monkeypatch.setattr(toy, "limits", {"text": MOST})
    said = {
        "v0": ["a cat sits", "A cat sits on mats"],
        "v1": ["a dog", "one two three four"],
        "v2": ["alone it is here"],
        "v3": ["x y", "a cat  sits down now at last"],
        "v4": ["one two three FIVE"],
        "v5": ["the same words twice", "the same words twice"],
    }
    write_captions(place.csv, [(video, text) for video in said for text in said[video]])
    write_captions(place.root / "bank.csv", [(video, "b c d e f") for video in BANK[:2]])
    return place


def said(path: Path) -> list[str]:
    with open_features(path) as features:
        assert list(inspect_file(path).notes) == [*features.notes, *features.data_notes]
        return [note for note in features.data_notes if "cut off" in note]


BOTH = [
    "7 of 10 captions in /text are longer than the encoder (toy) takes (3 pieces) and were cut "
    "off, by up to 4 pieces; the first is 'v0#1', by 2; 4 of them now read like another caption.",
    "2 of 2 captions in /bank/text are longer than the encoder (toy) takes (3 pieces) and were cut "
    "off, by up to 2 pieces; the first is 'b0#0', by 2.",
]


def test_each_side_is_counted_apart(short: Workplace) -> None:
    done = short.extract()
    assert said(done.path) == BOTH
    assert list(done.notes[-2:]) == BOTH
    with open_features(done.path) as features:
        assert features.text.item_columns["cut"].tolist() == [0, 2, 0, 1, 1, 0, 4, 1, 1, 1]


def test_a_bank_that_is_another_file_is_said_apart(short: Workplace) -> None:
    bank = short.extract("bank.h5", source=short.bank, bank=None, split="bank").path
    file = short.extract(bank=None).path
    grid = evaluate(file, method="global", norm=["none", "dsl"], bank=bank)
    notes = {result["bank"]["kind"]: result["notes"] for result in grid}
    with open_features(file) as features:
        own = list(features.data_notes)
    assert notes == {"none": own, "file": [*own, f"Bank bank.h5: {said(bank)[0]}"]}
    saved = short.root / "bank.npz"
    np.savez(saved, t2v=np.eye(2), bank_t2v=np.eye(2), notes=said(bank))
    source = Evaluation.open(np.eye(2), bank=saved).source
    assert source.bank_notes("file")[0] == f"Bank bank.npz: {said(bank)[0]}"
    assert source.bank_notes("train") == []


@pytest.mark.parametrize("n", [2, 6])
def test_shards_count_together_what_the_whole_counts(short: Workplace, n: int) -> None:
    whole = short.extract("whole.h5").path
    merge_shards(shards(short, n), short.root / "merged.h5")
    assert same(short.root / "merged.h5", whole)
    assert said(short.root / "merged.h5") == BOTH


class Stop(BaseException):
    """Stands for whatever ends a process."""


def stop_after(items: int) -> Callable[..., None]:
    left: Iterator[int] = iter(range(items))

    def stop(*_: object) -> None:
        if next(left, None) is None:
            raise Stop

    return stop


@pytest.mark.parametrize("after", [2, 7, 12, 19])
def test_what_is_carried_on_counts_nothing_twice(short: Workplace, after: int) -> None:
    with pytest.raises(Stop):
        short.extract(progress=stop_after(after), batch=1)
    assert list(short.extract(batch=1).notes[-2:]) == BOTH
    assert list(short.extract(batch=1).notes[-2:]) == BOTH
    assert said(short.root / "f.h5") == BOTH


def test_captions_of_skipped_videos_are_not_counted(short: Workplace) -> None:
    (short.root / "test" / "v3" / "f001.png").write_bytes(b"not an image")
    assert said(short.extract(bank=None).path)[0].startswith("6 of 8 captions")


def test_a_projection_keeps_the_count(short: Workplace) -> None:
    eye = Affine(np.eye(16, 4), np.zeros(4))
    about = {"encoder": "toy", "weights": {}}
    Projection(eye, eye, frozenset(), about).save(short.root / "p.npz")
    done = short.extract(projection=short.root / "p.npz")
    with open_features(done.path) as features:
        assert features.text.dim == 4
    assert said(done.path) == BOTH


def test_an_encoder_without_a_limit_says_nothing(place: Workplace) -> None:
    done = place.extract()
    assert done.notes == ()
    with open_features(done.path) as features:
        assert "cut" not in features.text.item_columns


@pytest.mark.parametrize("limits", ['{"text": "many"}', '{"text": -1}', "[3]", "none"])
def test_malformed_limits(short: Workplace, limits: str) -> None:
    path = short.extract().path
    with h5py.File(path, "r+") as file:
        file.attrs["limits"] = limits
    with pytest.raises(InputError, match="limits"):
        open_features(path)


@pytest.mark.parametrize("column", ["words", "captions", "cut"])
def test_columns_that_are_too_short_are_named_by_inspect(short: Workplace, column: str) -> None:
    path = short.extract().path
    with h5py.File(path, "r+") as file:
        file["text"][column].resize(4, axis=0)
    (problem,) = inspect_file(path).problems
    assert problem.startswith(f"/text/{column} has 4 entries")


def test_words_that_cannot_be_read_or_are_not_there(short: Workplace) -> None:
    with open_features(short.extract().path) as features:
        text = features.text
        bare = replace(text, token_columns={})
        unnamed = replace(text, item_columns={"cut": text.item_columns["cut"]})
        torn = replace(text, item_columns={**text.item_columns, "cut": np.ones(3, dtype=np.int64)})
        for side in (bare, unnamed):
            (note,) = cut_notes({"text": side}, {}, Path("f.h5"))
            assert note == (
                "7 of 10 captions in /text are longer than the encoder takes and were cut off, by "
                "up to 4 pieces; the first is 'v0#1', by 2."
            )
        assert list(cut_notes({"text": torn}, {"encoder": "toy"}, Path("f.h5"))) == []
