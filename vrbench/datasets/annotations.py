"""The annotations of one split of a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any

from vrbench.datasets.captions import Caption
from vrbench.datasets.items import Split, Video

NONE = {"sequence": "", "position": -1, "start": nan, "end": nan, "label": ""}
"""Values of facts that are unknown of a video."""


@dataclass(frozen=True)
class Annotations:
    """The videos of a split and their texts, in the order of their files.

    Attributes:
        dataset: spec of the dataset.
        split: name of the split.
        videos: at least one.
        label_names: label -> name of the class; empty where there are no labels.
        expected: the published counts.
        remarks: the reader's remarks on these files, in sentences.
        facts: the facts known of some video of the split, such as ``label``.
        of_texts: those known of some text that has times of its own.
    """

    dataset: str
    split: str
    videos: tuple[Video, ...]
    label_names: Mapping[int, str] = field(default_factory=dict)
    expected: Split = field(default_factory=Split)
    remarks: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    of_texts: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Dataset and split."""
        return f"{self.dataset} {self.split}".strip()

    @property
    def captions(self) -> list[Caption]:
        """All texts; those of a video follow one another."""
        return [
            Caption(f"{video.id}#{k}", video.id, text)
            for video in self.videos
            for k, text in enumerate(video.texts)
        ]

    @property
    def captions_by_video(self) -> dict[str, list[str]]:
        """The texts of each video."""
        return {video.id: list(video.texts) for video in self.videos}

    def columns(self, video: Video) -> dict[str, Any]:
        """Return the columns of a feature file for a video: ``facts`` -> value.

        ``sequence`` and ``label``, the name of its class ("" for none), ``position`` (-1),
        ``start`` and ``end`` (seconds, NaN).
        """
        return self._named({name: getattr(video, name) for name in self.facts})

    def text_columns(self, video: Video) -> list[dict[str, Any]]:
        """Return the columns of a feature file for each text of a video.

        Those of its video; times and label are the text's own, where texts have them.
        """
        shared = self.columns(video)
        if not self.of_texts:
            return [shared] * len(video.texts)
        own = (moment._asdict() for moment in video.moments)
        return [{**shared, **self._named({n: m[n] for n in self.of_texts})} for m in own]

    def _named(self, said: dict[str, Any]) -> dict[str, Any]:
        """Put the name of the class in the place of its number, and what stands for unknown."""
        if (label := said.get("label")) is not None:
            said["label"] = self.label_names.get(label, str(label))
        return {name: NONE[name] if value is None else value for name, value in said.items()}

    @property
    def n_texts(self) -> int:
        """Number of texts, empty and equal ones included."""
        return sum(len(video.texts) for video in self.videos)

    def first(self, n: int) -> Annotations:
        """Return the first ``n`` videos."""
        return self.between(0, n)

    def between(self, start: int, stop: int) -> Annotations:
        """Return the videos from ``start`` to before ``stop``."""
        return replace(self, videos=self.videos[start:stop])

    def bank(self, size: int) -> Annotations:
        """Return ``size`` texts and the videos that they describe.

        The first text of every video comes first, then every second one, and so on, so that the
        bank has as many videos as possible. A remark gives the number of distinct items, since a
        queue of ``size`` training pairs repeats some of them.
        """
        rounds = range(max((len(video.texts) for video in self.videos), default=0))
        turns = [v for k in rounds for v, video in enumerate(self.videos) if k < len(video.texts)]
        taken = Counter(turns[:size])
        videos = tuple(
            replace(
                self.videos[v], texts=self.videos[v].texts[:n], moments=self.videos[v].moments[:n]
            )
            for v, n in sorted(taken.items())
        )
        distinct = len({text for video in videos for text in video.texts})
        remark = (
            f"The bank of {size:,} pairs from {self.title} has {len(videos):,} "
            f"distinct videos and {taken.total():,} captions, {distinct:,} of them different."
        )
        return replace(self, videos=videos, expected=Split(), remarks=(*self.remarks, remark))

    def notes(self) -> list[str]:
        """Return the remarks that belong to every result on these data, in sentences."""
        return [*self.remarks, *self._counts(), *_odd_texts(self.videos)]

    def _counts(self) -> Iterator[str]:
        """Compare with the published counts."""
        wanted = (self.expected.videos, self.expected.texts, self.expected.labels)
        found = (len(self.videos), self.n_texts, len(self.label_names))
        wrong = [
            f"{n:,} {what} instead of {m:,}"
            for what, n, m in zip(("videos", "texts", "classes"), found, wanted, strict=True)
            if m is not None and n != m
        ]
        if wrong:
            about = f" ({self.expected.about})" if self.expected.about else ""
            yield (
                f"{self.title} has {', '.join(wrong)}{about}: numbers on it are not "
                "those of the published split."
            )


def _odd_texts(videos: tuple[Video, ...]) -> Iterator[str]:
    """Count the texts that are empty, or that their video has already."""
    empty = sum(not text for video in videos for text in video.texts)
    again = sum(len(video.texts) - len(set(video.texts)) for video in videos)
    if empty:
        yield f"{empty:,} texts are empty."
    if again:
        yield f"{again:,} texts repeat a text of the same video; all are kept."
