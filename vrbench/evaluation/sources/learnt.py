"""Feature files behind a head: what is evaluated, the bank in another file, and the head's own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vrbench.evaluation.settings import Compute
from vrbench.features import Features
from vrbench.heads.applied import apply_head, map_features
from vrbench.heads.bank import bank_side
from vrbench.heads.head import Head
from vrbench.sims.file import SimFile


@dataclass(frozen=True)
class Learnt:
    """What a source of features is made of.

    Attributes:
        features: the file, as the head gives it.
        other: the bank of ``--bank FILE``, as the head gives it where it has tokens.
        head: the head, if there is one.
        queue: whether the bank is the head's.
    """

    features: Features
    other: Features | SimFile | None
    head: Head | None
    queue: bool

    @classmethod
    def of(
        cls,
        features: Features,
        other: Features | SimFile | None,
        head: Head | None,
        compute: Compute,
        *,
        queue: bool,
    ) -> Learnt:
        """Put a file and its bank through a head.

        Raises:
            InputError: the head was trained on a test video, or does not fit the features.
        """
        if head is None:
            return cls(features, other, None, queue=False)
        if queue:
            features = replace(features, bank_text=None, bank_video=None)
        mapped = apply_head(features, head, compute.precision)
        if isinstance(other, Features):
            other = map_features(other, head, compute.precision)
        if queue:
            cosines = mapped.text.normalized
            text, video = (bank_side(head.bank, s, head.name, cosines) for s in ("text", "video"))
            mapped = replace(mapped, bank_text=text, bank_video=video)
        return cls(mapped, other, head, queue)
