"""An extraction whose captions are all skipped."""

from __future__ import annotations

from typing import Any

import pytest
from toy_videos import write_captions
from workplace import BANK, VIDEOS, Workplace, place

from vrbench.errors import InputError
from vrbench.extraction.extract import Inputs

__all__ = ["place"]


@pytest.mark.parametrize("side", ["text", "bank/text"])
def test_captions_without_any_word_leave_no_file_that_this_run_began(
    side: str, place: Workplace
) -> None:
    ids = VIDEOS if side == "text" else BANK
    blank = write_captions(place.root / "blank.csv", [(name, " ") for name in ids])
    part = place.source if side == "text" else place.bank
    empty: dict[str, Any] = {"source" if side == "text" else "bank": Inputs(part.videos, blank)}
    with pytest.raises(InputError, match=f"would have an empty /{side}, as all captions are blank"):
        place.extract(**empty)
    assert not list(place.root.glob("*.h5*")) + list(place.root.glob(".*"))
    before = place.extract().path.read_bytes()
    with pytest.raises(InputError, match=f"would have an empty /{side}, as all captions are blank"):
        place.extract(overwrite=True, **empty)
    assert (place.root / "f.h5").read_bytes() == before
    assert not list(place.root.glob(".*"))
