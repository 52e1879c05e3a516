"""The files of a segmentation, and its jobs: step names, and classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

from vrbench.errors import InputError, did_you_mean
from vrbench.features import Features, open_features
from vrbench.heads.applied import apply_head, map_features
from vrbench.heads.head import Head
from vrbench.tasks.record import TaskData, TaskJob
from vrbench.tasks.segment import Segmentation, Segments, of_arrays, of_features

ARRAYS = ".npz"
CLASSIFIERS: tuple[Literal["ridge"], Literal["cross-entropy"]] = ("ridge", "cross-entropy")


class SegmentFiles:
    """An npz (or a folder of npy files), or feature files of test and training videos.

    Args:
        source: the file or folder.
        train: feature file of training videos; None: there are none.
        head: what all items of feature files go through.

    Raises:
        InputError: a file cannot be read, or arrays are given a head or training videos.
    """

    def __init__(self, source: Path, train: Path | None = None, head: Head | None = None) -> None:
        self.source, self.head = source, head
        self._arrays = source.suffix == ARRAYS or source.is_dir()
        if self._arrays and (train is not None or head is not None):
            raise InputError(
                f"{source} holds arrays, with train_frames and train_labels of its own: leave "
                "--train and --head out, or give a feature file."
            )
        with ExitStack() as opened:
            self._test = None if self._arrays else opened.enter_context(open_features(source))
            self._train = opened.enter_context(open_features(train)) if train else None
            self._files = opened.pop_all()

    def __enter__(self) -> SegmentFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    @cached_property
    def segments(self) -> Segments:
        """What is segmented."""
        if self._test is None:
            return of_arrays(self.source)
        if self.head is None:
            return of_features(self._test, self._train)
        train = None if self._train is None else map_features(self._train, self.head)
        return of_features(apply_head(self._test, self.head), train)

    def jobs(
        self,
        classifiers: Sequence[str],
        background: float | None = None,
        reg: float = 1.0,
    ) -> list[TaskJob]:
        """Return a job for the step names, and one for each classifier that can be trained.

        Raises:
            InputError: data are missing or do not fit, or a number is out of range.
        """
        for one in classifiers:
            if one not in CLASSIFIERS:
                raise InputError(
                    f"Unknown classifier '{one}'.{did_you_mean(one, CLASSIFIERS)} Known: "
                    f"{', '.join(CLASSIFIERS)}."
                )
        heads = [Segmentation(one, reg=reg) for one in CLASSIFIERS if one in classifiers]
        ways = [Segmentation(background=background)] if self.segments.steps is not None else []
        ways += heads if self.segments.train is not None else []
        return [TaskJob.of(one, self._data, partial(one.of, self.segments)) for one in ways]

    @cached_property
    def _data(self) -> TaskData:
        features: Features | None = self._test
        if features is not None:
            return TaskData.of(features, self.head, self._train)
        steps = self.segments.steps
        n_text = 0 if steps is None else len(steps)
        return TaskData.of_file(self.source, len(self.segments.frames), n_text)
