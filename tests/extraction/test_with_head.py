"""Extraction with a trained head in the place of a projection."""

import json
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PIL")

from toy_videos import captions_of, write_captions, write_videos
from workplace import SIDES, Workplace, place

from vrbench.errors import InputError
from vrbench.extraction.extract import Inputs
from vrbench.features import open_features
from vrbench.heads.applied import apply_head
from vrbench.runtime.opened import sha256_of
from vrbench.training.items import TrainingItems
from vrbench.training.train import train

__all__ = ["place"]


def test_a_trained_head_is_applied_while_encoding(place: Workplace) -> None:
    fit = [f"x{i}" for i in range(24)]
    write_videos(place.root / "fit", fit)
    write_captions(place.root / "fit.csv", captions_of(fit))
    source = Inputs(place.root / "fit", place.root / "fit.csv")
    stored: dict[str, Any] = {"encoder": "toy:dim=8", "dtype": "float64"}
    raw, plain = (
        place.extract(name, given, **stored).path
        for name, given in (("raw.h5", source), ("plain.h5", place.source))
    )
    head = train(raw, "projection:width=4+linear", method="global", epochs=1, batch=8)
    path = place.root / "h.safetensors"
    head.save(path)
    # every video, those that validate as well
    assert head.trained_on(fit) == fit
    done = place.extract("f.h5", projection=path, **stored)
    with open_features(done.path) as found, open_features(plain) as tokens:
        assert found.attrs["dim"] == 4
        assert json.loads(found.attrs["projection"]) == {path.name: sha256_of(path)}
        expected = apply_head(tokens, head, "double")
        for side in SIDES:
            one, two = getattr(found, side), getattr(expected, side)
            np.testing.assert_allclose(one.tokens[:], two.tokens, atol=1e-9)
            np.testing.assert_allclose(one.global_vectors[:], two.global_vectors, atol=1e-9)
    with open_features(raw) as features:
        held = str(features.video.ids[TrainingItems.of(features, 0.1, 0).held[0]])
    write_captions(place.root / "one.csv", captions_of([held]))
    bank = Inputs(place.root / "fit", place.root / "one.csv")
    with pytest.raises(InputError, match=f"Bank video '{held}' is one that the projection"):
        place.extract("new.h5", projection=path, bank=bank, **stored)
    assert place.extract("new.h5", source, projection=path, bank=None, **stored).fitted == 24
