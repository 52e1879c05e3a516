"""Whether a head may be applied to features: of its encoder, and of videos that it has not seen."""

from __future__ import annotations

from typing import Any

from vrbench.errors import InputError
from vrbench.features.file import Features
from vrbench.features.sides import json_attr
from vrbench.heads.head import Head

MADE_WITH = ("encoder", "weights", "projection")
"""What a head file says of how its training features were made."""


def check_encoder(features: Features, head: Head) -> None:
    """Check that features come from the encoder, weights and projection of the head's training.

    And that what is scored are cosines, or dot products, in both.

    A head that says nothing of these, such as one of arrays, fits all features.

    Raises:
        InputError: they do not.
    """
    if not head.about:
        return
    found, due = made_with(features), {name: head.about.get(name) for name in MADE_WITH}
    if found["encoder"] != due["encoder"]:
        theirs, ours = (one["encoder"] or "no known encoder" for one in (due, found))
        raise InputError(
            f"{head.name} was trained on features of {theirs}, and {features.path} has those of "
            f"{ours}: use a head of this encoder."
        )
    ours = features.text.normalized
    if head.about.get("normalized", ours) != ours:
        read = {True: "cosines", False: "dot products"}
        raise InputError(
            f"{head.name} was trained on features whose {read[not ours]} are scored, and "
            f"{features.path} has those whose {read[ours]} are: import both with --normalized, or "
            "both with --raw."
        )
    for name, what in (("weights", "weights"), ("projection", "projection")):
        if found[name] != due[name]:
            raise InputError(
                f"{head.name} was trained on features with other {what} of the encoder than "
                f"{features.path} has: use a head that was trained with the same."
            )


def made_with(features: Features) -> dict[str, Any]:
    """Return the encoder of features, and the SHA-256 of its weights and of a projection."""
    attrs, path = features.attrs, features.path
    projection = json_attr(attrs, "projection", dict, path)
    return {
        "encoder": str(attrs.get("encoder") or "") or None,
        "weights": json_attr(attrs, "weights", dict, path),
        "projection": sorted(projection.values()),
    }


def check_unseen(features: Features, head: Head) -> None:
    """Check that the head was trained on no video of the test side.

    Raises:
        InputError: it was.
    """
    seen = head.trained_on(features.video.ids.tolist())
    if seen:
        raise InputError(
            f"{head.name} was trained on {len(seen)} of the {len(features.video)} test videos of "
            f"{features.path}, the first is '{seen[0]}': evaluate it on others."
        )
