"""Encoding the items of a side, batch by batch, into a feature file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, groupby
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets import Annotations, Video
from vrbench.datasets.captions import Caption
from vrbench.encoders import Encoded, Encoder, LoadedEncoder, encoders
from vrbench.errors import InputError, PluginError
from vrbench.extraction.ahead import Outcome, attempt, outcomes
from vrbench.extraction.packing import columns, joined, packed, strings
from vrbench.features.tokens import Tokens
from vrbench.features.writer import FeatureWriter
from vrbench.runtime.progress import Progress
from vrbench.runtime.stopping import writing
from vrbench.video import Clip, Videos

T = TypeVar("T", Video, Caption)


@dataclass(frozen=True)
class Encoding:
    """The encoding of items into an open feature file.

    Attributes:
        writer: the feature file.
        chosen: the encoder, whose name stands in messages.
        encoder: it, loaded; makes the tokens.
        batch: items between two writes.
        strict: stop at an item that cannot be read, else skip it.
        progress: called as (side, items done or skipped, items of the side) after each item.
        threads: that encode ahead; None: one a core.
        skipped: a sentence for each item that was skipped so far.
        counts: side -> items in the file.
        missing: side -> annotated items that the file does not have.
    """

    writer: FeatureWriter
    chosen: Encoder
    encoder: LoadedEncoder
    batch: int
    strict: bool
    progress: Progress
    threads: int | None = None
    skipped: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)

    def videos(self, side: str, media: Videos, part: Annotations) -> None:
        """Append the videos that the side does not have yet, in the order of ``part``."""

        def encode(video: Video) -> Tokens:
            clip = media.read(video.file or video.id, video.start, video.end)
            with encoders.calling(self.chosen):
                return pack(video, clip, self.encoder.video(replace(clip, id=video.id)))

        def pack(video: Video, clip: Clip, encoded: Encoded) -> Tokens:
            frame = clip.numbers if encoded.frame is None else encoded.frame
            per_token: dict[str, NDArray[Any]] = {"frame": np.array(frame, dtype=np.int64)}
            if media.timed:
                per_token["time"] = _times(clip, per_token["frame"])
            if encoded.level is not None:
                per_token["level"] = encoded.level
            item = packed(video.id, encoded, per_token)
            cut = {} if encoded.cut is None else {"cut": encoded.cut}
            return replace(item, item_columns=columns(**part.columns(video), **cut))

        blocks = [[video] for video in part.videos]
        self._side(side, blocks, lambda block: [attempt(partial(encode, v)) for v in block])
        self.missing[side] = len(part.videos) - self.counts[side]

    def texts(self, side: str, videos: str, part: Annotations) -> None:
        """Append the captions of the videos that the side ``videos`` holds.

        The captions of a video that was skipped are left out with it. A caption has the sequence,
        place, times and label of its video, or times and label of its own.

        A block of captions that are encoded together never depends on interruptions: it is of one
        video, and is encoded whole even where the side has some of them.
        """
        rows = {video: row for row, video in enumerate(self.writer.ids(videos))}
        captions = [caption for caption in part.captions if caption.video in rows]
        said = dict(zip((c.id for c in part.captions), _text_columns(part), strict=True))

        def pack(caption: Caption, encoded: Encoded | None) -> Tokens:
            if encoded is None or not len(encoded.tokens):
                raise InputError(f"Caption '{caption.id}' ({caption.text!r}) holds no word.")
            given, n = len(encoded.words), len(encoded.tokens)
            if given not in (0, n):
                raise InputError(f"The encoder gave '{caption.id}' {given} words for {n} tokens.")
            words = {"words": strings(encoded.words)} if given else {}
            item = packed(caption.id, encoded, words)
            row = rows[caption.video]
            cut = {} if encoded.cut is None else {"cut": encoded.cut}
            per_item = columns(captions=caption.text, video=row, **cut, **said[caption.id])
            return replace(item, item_columns=per_item)

        def encode(block: Sequence[Caption]) -> list[Outcome]:
            try:
                with encoders.calling(self.chosen):
                    return encode_all(block)
            except PluginError:
                raise
            except InputError as error:
                if len(block) == 1:
                    return [error]
                # one of them, which is not to take the others with it
                return [encode([caption])[0] for caption in block]

        def encode_all(block: Sequence[Caption]) -> list[Outcome]:
            spoken = [caption for caption in block if caption.text]
            encoded = self.encoder.texts(spoken) if spoken else ()
            of = dict(zip([caption.id for caption in spoken], encoded, strict=True))
            return [attempt(partial(pack, caption, of.get(caption.id))) for caption in block]

        self._side(side, _blocks(captions, self.encoder.text_batch), encode)
        self.missing[side] = part.n_texts - self.counts[side]

    def _side(
        self,
        side: str,
        blocks: Sequence[Sequence[T]],
        encode: Callable[[Sequence[T]], Sequence[Outcome]],
    ) -> None:
        wanted = {item.id for block in blocks for item in block}
        present = dict.fromkeys(self.writer.ids(side))
        if others := [name for name in present if name not in wanted]:
            raise InputError(
                f"{self.writer.path} holds '{others[0]}' in /{side}, which is not asked for now: "
                "use the captions and limits that it was begun with, another --out, or --overwrite."
            )
        waiting = [block for block in blocks if any(item.id not in present for item in block)]
        # closed here: threads that garbage collection waits for may wait for it
        with writing(), closing(outcomes(encode, waiting, self.threads)) as results:
            self._write(side, results, waiting, present.keys(), len(wanted))
        self.counts[side] = len(self.writer.ids(side))

    def _write(
        self,
        side: str,
        results: Iterable[Outcome],
        blocks: Iterable[Sequence[T]],
        present: Collection[str],
        total: int,
    ) -> None:
        """Append the items of blocks as they are encoded; what is when it fails or stops, too."""
        done, batch = len(present), list[Tokens]()
        try:
            for item, result in zip(chain.from_iterable(blocks), results, strict=True):
                if item.id in present:
                    continue
                done += 1
                if isinstance(result, Tokens):
                    batch.append(result)
                elif self.strict:
                    raise _named(item, result)
                else:
                    self.skipped.append(str(_named(item, result)))
                self.progress(side, done, total)
                if len(batch) == self.batch:
                    full, batch = batch, []
                    self._append(side, full)
        finally:
            self._append(side, batch)

    def _append(self, side: str, batch: Sequence[Tokens]) -> None:
        if batch:
            name = f"/{side} ('{batch[0].ids[0]}' to '{batch[-1].ids[0]}')"
            self.writer.append(side, replace(joined(batch), name=name))


def _text_columns(part: Annotations) -> Iterator[dict[str, Any]]:
    """Yield the columns of each caption, in order."""
    for video in part.videos:
        yield from part.text_columns(video)


def _named(item: Video | Caption, error: InputError) -> InputError:
    """Return an error that names the item, and not only its file."""
    if f"'{item.id}'" in str(error):
        return error
    kind = "Video" if isinstance(item, Video) else "Caption"
    named = InputError(f"{kind} '{item.id}': {error}")
    named.__cause__ = error
    return named


def _times(clip: Clip, frame: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the time of each token's frame in seconds; NaN for a token without a frame."""
    known = {} if clip.times is None else dict(zip(clip.numbers, clip.times, strict=True))
    return np.array([known.get(number, np.nan) for number in frame.tolist()], dtype=np.float64)


def _blocks(captions: Iterable[Caption], most: int) -> list[Sequence[Caption]]:
    """Cut captions, in order, into blocks of at most ``most`` of one video."""
    blocks: list[Sequence[Caption]] = []
    for _, group in groupby(captions, key=lambda caption: caption.video):
        of_video = list(group)
        blocks += [of_video[start : start + most] for start in range(0, len(of_video), most)]
    return blocks
