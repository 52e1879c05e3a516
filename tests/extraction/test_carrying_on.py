import signal
import subprocess
import sys
import time
from typing import Any

import pytest

pytest.importorskip("PIL")

from toy_videos import captions_of, write_captions
from workplace import VIDEOS, Workplace, place, same

from vrbench.errors import InputError
from vrbench.extraction.extract import Inputs
from vrbench.features import Tokens
from vrbench.features.hdf5 import open_hdf5
from vrbench.features.writer import FeatureWriter
from vrbench.runtime.stopping import Stopped, ask, writing

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


SLOW = """
import time
from vrbench.encoders.toy import Toy, _LoadedToy

def video(self, clip, whole=_LoadedToy.video):
    if clip.id == "v5":
        print("at work", flush=True)
        time.sleep(60)
    return whole(self, clip)

_LoadedToy.video = video
from vrbench.cli.process import main
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_what_is_encoded_be_written(place: Workplace, number: int, code: int) -> None:
    command = ["extract", "--encoder", "toy", "--videos", str(place.source.videos), "--captions"]
    command += [str(place.csv), "--out", str(place.root / "f.h5"), "--quiet"]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == b"at work\n"
        time.sleep(0.5)  # for the five before it, each done at once
        process.send_signal(number)
        said = process.communicate(timeout=30)[1].decode()
    assert process.returncode == code
    assert said.endswith(": items that were encoded are kept; the same command goes on.\n")
    with open_hdf5(place.root / "f.h5") as file:
        assert file["video/ids"].asstr()[:].tolist() == VIDEOS[:5]
    alone: dict[str, Any] = {"bank": None, "batch": 32}
    assert same(place.extract(**alone).path, place.extract("whole.h5", **alone).path)


def test_a_second_signal_waits_for_nothing() -> None:
    asked: list[bool] = []

    def write() -> None:
        with writing():
            asked.extend((ask(signal.SIGINT), ask(signal.SIGINT)))

    with pytest.raises(Stopped):
        write()
    assert asked == [True, False]
    assert not ask(signal.SIGINT)  # nobody writes
