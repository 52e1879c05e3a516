"""Videos and captions -> feature file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vrbench._version import VERSION
from vrbench.datasets import Annotations, Video, read_captions
from vrbench.encoders import encoders
from vrbench.extraction.checks import check_bank, check_captions, check_counts
from vrbench.extraction.encoding import Encoding
from vrbench.extraction.frame_order import NOTE, first_renumbered, frame_order
from vrbench.extraction.said import cut_off, json_attrs
from vrbench.extraction.shards import Shard
from vrbench.features.begin import check_out, successor
from vrbench.features.writer import FeatureWriter
from vrbench.heads.maps import MappedEncoder, Maps
from vrbench.registry import origins
from vrbench.runtime.progress import Progress, phase
from vrbench.video import Videos, open_videos, parse_sampling

LOADING = "loading the encoder"
"""What ``progress`` is told while weights are read."""


@dataclass(frozen=True)
class Inputs:
    """Videos with their captions.

    Attributes:
        videos: a folder of video files, and of folders of frames, each named by its video's id; or
            several such places, among which single files and folders of frames may be.
        captions: a CSV with the columns ``video_id`` and ``caption`` (and those that
            ``vrbench list datasets`` says of ``csv``), or what ``vrbench.datasets.read`` gives. It
            says which videos are read and in what order; others in ``videos`` are left out.
        limit: read the first so many videos only.
    """

    videos: Path | tuple[Path, ...]
    captions: Path | Annotations
    limit: int | None = None

    @property
    def annotations(self) -> Annotations:
        """The videos that are to be read, with their captions.

        Raises:
            InputError: the CSV is missing or malformed.
        """
        known = self.captions
        part = read_captions(known) if isinstance(known, Path) else known
        return part if self.limit is None else part.first(self.limit)

    @property
    def files(self) -> list[Path]:
        """All files and folders that are named."""
        videos = [self.videos] if isinstance(self.videos, Path) else [*self.videos]
        return [*videos, self.captions] if isinstance(self.captions, Path) else videos

    @property
    def fingerprint(self) -> str:
        """Name and SHA-256 of the captions, as JSON; the path is not recorded."""
        if isinstance(self.captions, Path):
            return fingerprint(self.captions)
        videos = json.dumps([_facts(video) for video in self.captions.videos])
        return json.dumps({self.captions.title: hashlib.sha256(videos.encode()).hexdigest()})


def _facts(video: Video) -> list[object]:
    """Return what decides an item; the times of texts only where they have some."""
    *facts, moments = vars(video).values()
    return [*facts, moments] if moments else facts


@dataclass(frozen=True)
class Extraction:
    """The outcome of an extraction.

    Attributes:
        path: the feature file.
        counts: side -> items that the file holds.
        skipped: a sentence for each video or caption that could not be read. The captions of a
            video that was skipped are left out with it.
        fitted: how many videos of the test side the projection was fitted on.
        notes: remarks on the encoder's weights, on the datasets' files, and on captions and videos
            that were cut off.
        checks: what was found when the encoder was tried out at load.
    """

    path: Path
    counts: Mapping[str, int]
    skipped: tuple[str, ...]
    fitted: int
    notes: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


def extract(
    source: Inputs,
    out: Path,
    *,
    encoder: str,
    weights: Path | None = None,
    projection: Path | None = None,
    frames: str = "uniform:1-12",
    bank: Inputs | None = None,
    dataset: str = "",
    split: str = "",
    dtype: str = "float16",
    normalized: bool = True,
    device: str = "auto",
    batch: int = 32,
    shard: str | None = None,
    threads: int | None = None,
    strict: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Extraction:
    """Encode videos and captions into the feature file ``out``, or carry on with it.

    What ``out`` already holds is not encoded again. A signal that the command line handles loses
    only what is being encoded, a crash at any moment at most the batch in flight; the file that is
    carried on holds what an uninterrupted one does.

    Args:
        source: videos and captions; texts are named ``<video id>#<k>``.
        out: the feature file; of a shard, a folder (a path without an ending) in which its file is
            named ``part-00001-of-00008.h5``, for ``join_shards``.
        encoder: spec such as ``onnx:max_words=32``.
        weights: file or folder with the encoder's weights; names and sha256 are recorded.
        projection: npz of ``vrbench train projection``, or a head of ``projection`` and ``linear``,
            applied to all tokens and globals.
        frames: which frames of a video are read, see ``vrbench.video.Sampling``.
        bank: training videos and captions for normalizations.
        dataset: name of the data.
        split: name of their part.
        dtype: storage type: float16, float32 or float64.
        normalized: whether the features are to be compared by cosines (else dot products).
        device: ``cpu``, ``cuda`` (recorded) or ``auto``: CUDA where the encoder finds it.
        batch: items between two writes.
        shard: ``i/n``: write part i of n parts only, for ``merge_shards``.
        threads: that read and encode ahead; None: one a core.
        strict: stop at the first video or caption that cannot be read, else skip it.
        overwrite: begin anew; an existing file is replaced once the new one is whole.
        progress: called before and after the encoder is loaded, and after each item.

    Raises:
        InputError: an input is missing or malformed, ``out`` cannot be written or was begun with
            other settings, or bank and test or bank and fitted videos overlap.
    """
    piece = Shard.parse(shard)
    in_folder = shard is not None and (out.is_dir() or not out.suffix)
    out = out / piece.name if in_folder else out
    check_out(out, overwrite=True)  # what is gone on with is a feature file, too
    sampling = parse_sampling(frames)
    chosen = encoders.parse(encoder)
    spec, outside = encoders.spec(chosen), origins(chosen)
    sources = {"": source} | ({"bank/": bank} if bank else {})
    media = {side: open_videos(part.videos, sampling) for side, part in sources.items()}
    parts = {side: part.annotations for side, part in sources.items()}
    maps = Maps.read(projection) if projection else None
    with phase(LOADING, progress), encoders.calling(chosen):
        loaded = encoders.parse(spec).load(weights, device)
        loaded = loaded if maps is None else MappedEncoder(loaded, spec, maps)
        read = json.dumps(dict(loaded.weights), sort_keys=True)
        dim, limits = loaded.video_dim, dict(loaded.limits)
    check_bank(parts, maps)
    check_captions(parts, out)
    attrs = {
        "dataset": dataset,
        "split": split,
        "encoder": spec,
        "weights": read,
        "projection": fingerprint(projection),
        "frames": str(sampling),
        "captions": source.fingerprint,
        "bank_captions": bank.fingerprint if bank else "",
        "normalized": normalized,
        "dim": dim,
        **loaded.attrs,
        **({"plugins": json.dumps(outside)} if outside else {}),
        **({} if loaded.device == "cpu" else {"device": loaded.device}),
        **({"shard": str(piece)} if in_folder else piece.attrs),
        "created_by": f"vrbench {VERSION}",
    }
    pieces = {side: piece.of(part) for side, part in parts.items()}
    renumbered = first_renumbered(media, pieces)
    with (
        successor(out, overwrite) as target,
        FeatureWriter(target, {**attrs, **frame_order(target, renumbered)}, dtype, out) as writer,
    ):
        told = progress or (lambda *_: None)
        encoding = Encoding(writer, chosen, loaded, batch, strict, told, threads)
        for side in parts:
            _encode(encoding, side, media[side], pieces[side])
            if piece.whole:
                check_counts(encoding, out)
        remarks = parts["bank/"].remarks if bank else ()
        notes = [*parts[""].notes(), *(f"Bank: {remark}" for remark in remarks)]
        notes += [NOTE] if renumbered is not None else []
        writer.finish(**json_attrs(notes=notes, missing=encoding.missing, limits=limits))
    seen = 0 if maps is None else sum(maps.saw(video.id) for video in parts[""].videos)
    said = (*loaded.notes, *notes, *cut_off(out))
    skipped = tuple(encoding.skipped)
    return Extraction(out, encoding.counts, skipped, seen, said, tuple(loaded.checks))


def _encode(encoding: Encoding, side: str, media: Videos, part: Annotations) -> None:
    encoding.videos(f"{side}video", media, part)
    encoding.texts(f"{side}text", f"{side}video", part)


def fingerprint(path: Path | None) -> str:
    """Name and SHA-256 of a file, as JSON; the path is not recorded."""
    if path is None:
        return ""
    with path.open("rb") as stream:
        return json.dumps({path.name: hashlib.file_digest(stream, "sha256").hexdigest()})
