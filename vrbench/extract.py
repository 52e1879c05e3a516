"""Videos and captions -> feature file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from vrbench._version import VERSION
from vrbench.captions import read_captions
from vrbench.encoders import LoadedEncoder, encoders
from vrbench.encoding import Job, Progress
from vrbench.errors import InputError
from vrbench.features.writer import FeatureWriter
from vrbench.projection import ProjectedEncoder, Projection
from vrbench.video import open_videos, parse_sampling


@dataclass(frozen=True)
class Source:
    """Videos with their captions.

    Attributes:
        videos: a folder that holds a video file or a folder of frames a video, named by its id.
        captions: a CSV with the columns ``video_id`` and ``caption``. It says which videos are
            read and in what order; others are left out.
        limit: read the first so many videos only.
    """

    videos: Path
    captions: Path
    limit: int | None = None


@dataclass(frozen=True)
class Extraction:
    """What an extraction gave.

    Attributes:
        path: the feature file.
        counts: side -> items that the file holds.
        skipped: a sentence for each video or caption that could not be read. The captions of a
            video that was skipped are left out with it.
        fitted: how many videos of the test side the projection was fitted on.
        notes: what the encoder says about its weights.
    """

    path: Path
    counts: Mapping[str, int]
    skipped: tuple[str, ...]
    fitted: int
    notes: tuple[str, ...] = ()


def extract(
    source: Source,
    out: Path,
    *,
    encoder: str,
    weights: Path | None = None,
    projection: Path | None = None,
    frames: str = "uniform:12",
    bank: Source | None = None,
    dataset: str = "",
    split: str = "",
    dtype: str = "float16",
    normalized: bool = True,
    batch: int = 32,
    strict: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Extraction:
    """Encode videos and captions into the feature file ``out``, or carry on with it.

    What ``out`` already holds is not encoded again. An interruption at any moment loses at most
    the batch in flight, and the file that is carried on equals an uninterrupted one.

    Args:
        source: videos and captions; texts are named ``<video id>#<k>``.
        out: the feature file.
        encoder: spec such as ``onnx:max_words=32``.
        weights: file or folder with the encoder's weights; names and sha256 are recorded.
        projection: npz of ``vrbench train projection``, applied to all tokens and globals.
        frames: which frames, such as ``uniform:12`` or ``fps:1,ends:12``.
        bank: training videos and captions for normalizations.
        dataset: what to call the data.
        split: what to call the part of it.
        dtype: storage type: float16, float32 or float64.
        normalized: whether the features are to be compared by cosines (else dot products).
        batch: items between two writes.
        strict: stop at the first video or caption that cannot be read, else skip it.
        overwrite: begin anew; an existing file is replaced once the new one is whole.
        progress: called after each item.

    Raises:
        InputError: an input is missing or malformed, ``out`` cannot be written or was begun with
            other settings, or bank and test or bank and fitted videos overlap.
    """
    sampling = parse_sampling(frames)
    spec = encoders.spec(encoders.parse(encoder))
    parts = {"": source} | ({"bank/": bank} if bank else {})
    named, videos = {}, {}
    for side, part in parts.items():
        videos[side] = open_videos(part.videos, sampling)
        named[side] = read_captions(part.captions, part.limit)
    loaded, fitted = _load(spec, weights, projection)
    _check_bank(named.get("bank/", {}), named[""], fitted)
    attrs = {
        "dataset": dataset,
        "split": split,
        "encoder": spec,
        "weights": json.dumps(dict(loaded.weights), sort_keys=True),
        "projection": _fingerprint(projection),
        "frames": str(sampling),
        "captions": _fingerprint(source.captions),
        "bank_captions": _fingerprint(bank.captions if bank else None),
        "normalized": normalized,
        "dim": loaded.video_dim,
        **loaded.attrs,
        "created_by": f"vrbench {VERSION}",
    }
    # what is to be overwritten stays until its successor is whole
    target = out.with_name(f".{out.name}.new") if overwrite and out.exists() else out
    if target != out:
        target.unlink(missing_ok=True)
    with FeatureWriter(target, attrs, dtype) as writer:
        job = Job(writer, loaded, batch, strict, progress or (lambda *_: None))
        for side in parts:
            job.videos(f"{side}video", videos[side], named[side])
            job.texts(f"{side}text", f"{side}video", named[side])
        _check_counts(job, out)
        writer.finish()
    if target != out:
        target.replace(out)
    seen = len(fitted & named[""].keys())
    return Extraction(out, job.counts, tuple(job.skipped), seen, tuple(loaded.notes))


def _load(
    spec: str, weights: Path | None, projection: Path | None
) -> tuple[LoadedEncoder, frozenset[str]]:
    """Return the encoder, projected where asked for, and the videos it was fitted on."""
    mapping = Projection.read(projection) if projection else None
    loaded = encoders.parse(spec).load(weights)
    if mapping is None:
        return loaded, frozenset()
    return ProjectedEncoder(loaded, spec, mapping), mapping.video_ids


def _check_bank(bank: Mapping[str, object], test: Collection[str], fitted: Collection[str]) -> None:
    for video in bank:
        if video in fitted:
            raise InputError(
                f"Bank video '{video}' is one that the projection was fitted on, which would "
                "flatter the bank: choose bank videos apart from those."
            )
        if video in test:
            raise InputError(
                f"Bank video '{video}' is also a video of the test side: a bank holds others."
            )


def _check_counts(job: Job, out: Path) -> None:
    for side, count in job.counts.items():
        if count == 0:
            raise InputError(f"{out} has an empty /{side}: {job.skipped[0]}")


def _fingerprint(path: Path | None) -> str:
    """Name and SHA-256 of a file, as JSON; nothing of where it lies."""
    if path is None:
        return ""
    with path.open("rb") as stream:
        return json.dumps({path.name: hashlib.file_digest(stream, "sha256").hexdigest()})
