from typing import Any

import pytest

pytest.importorskip("PIL")

from toy_videos import captions_of, write_captions
from workplace import VIDEOS, Workplace, place, same

from vrbench.errors import InputError
from vrbench.extraction.extract import Inputs
from vrbench.features import Tokens
from vrbench.features.writer import FeatureWriter

__all__ = ["place"]


class Stop(BaseException):
    """Stands for whatever ends a process: not an Exception, so that nothing may swallow it."""


@pytest.mark.parametrize("after", [0, 1, 5, 7, 8, 20, 23, 32])
def test_what_is_carried_on_equals_an_uninterrupted_run(place: Workplace, after: int) -> None:
    seen = 0

    def stop(side: str, done: int, total: int) -> None:
        nonlocal seen
        if seen == after:
            raise Stop
        seen += 1

    with pytest.raises(Stop):
        place.extract(progress=stop)
    encoded: list[str] = []
    done = place.extract(progress=lambda side, *_: encoded.append(side))
    assert len(encoded) <= 33 - after + 2
    assert same(done.path, place.extract("whole").path)


def test_a_write_that_is_torn_apart_is_made_good(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = FeatureWriter.append

    def torn(self: FeatureWriter, side: str, items: Tokens) -> None:
        if side == "text":
            self._file["video/tokens"].resize(100, axis=0)
            raise KeyboardInterrupt
        whole(self, side, items)

    with monkeypatch.context() as patch:
        patch.setattr(FeatureWriter, "append", torn)
        with pytest.raises(KeyboardInterrupt):
            place.extract()
    assert same(place.extract().path, place.extract("whole").path)


def test_a_finished_file_is_left_as_it_is(place: Workplace) -> None:
    path = place.extract().path
    before = path.read_bytes()
    done = place.extract()
    assert done.counts["text"] == 14
    assert path.read_bytes() == before


def test_a_limit_can_be_lifted(place: Workplace) -> None:
    few = Inputs(place.source.videos, place.source.captions, 3)
    bank = Inputs(place.bank.videos, place.bank.captions, 1)
    small = place.extract(source=few, bank=bank)
    assert small.counts == {"video": 3, "text": 6, "bank/video": 1, "bank/text": 2}
    assert same(place.extract().path, place.extract("whole").path)
    with pytest.raises(InputError, match="holds 'v"):
        place.extract(source=few)


@pytest.mark.parametrize(
    "changed",
    [
        {"encoder": "toy:seed=1"},
        {"frames": "all"},
        {"dtype": "float32"},
        {"dataset": "other"},
        {"normalized": False},
        {"bank": None},
    ],
)
def test_other_settings_are_refused(place: Workplace, changed: dict[str, Any]) -> None:
    path = place.extract().path
    before = path.read_bytes()
    with pytest.raises(InputError, match="was begun with"):
        place.extract(**changed)
    assert path.read_bytes() == before
    place.extract(**changed, overwrite=True)


def test_other_captions_are_refused(place: Workplace) -> None:
    place.extract()
    write_captions(place.csv, captions_of(VIDEOS[::-1]))
    with pytest.raises(InputError, match="was begun with captions"):
        place.extract()
