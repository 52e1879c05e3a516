"""The strings in a similarity file: ids, names of sequences, and the norm that was applied."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.pairing import check_links, owners, unnamed
from vrbench.runtime.composed import composed
from vrbench.runtime.inputs import as_text
from vrbench.sims.judged import check_agreement, with_candidates
from vrbench.sims.truth import Truth

SEQUENCES = ("text_sequence", "video_sequence", "bank_text_sequence", "bank_video_sequence")
"""Names of the sequence of each text or video, whose rows stand in order."""


def read_ids(path: Path, arrays: Mapping[str, Any], side: str, n: int) -> NDArray[Any]:
    """Return the (n,) different ids of a side; ``side`` and a number where the file has none.

    Raises:
        InputError: they are no names, not n of them, or not all different.
    """
    ids = arrays.get(f"{side}_ids")
    if ids is None:
        return np.array(unnamed(side, n))
    if ids.dtype.kind not in "USTiu":
        raise InputError(
            f"{path}: {side}_ids holds {ids.dtype}, expected {n} strings or whole numbers."
        )
    names = as_text(ids, f"{side}_ids", path).astype(str)
    if names.shape != (n,):
        raise InputError(f"{path}: {side}_ids must be {n} different names, it is {names.shape}.")
    each, first = np.unique(names, return_index=True)
    if len(each) < n:
        row = int(np.setdiff1d(np.arange(n), first)[0])
        earlier = int(np.flatnonzero(names == names[row])[0])
        raise InputError(
            f"{path}: {side}_ids must be {n} different names, but '{names[row]}' stands in rows "
            f"{earlier} and {row}: give each {side} a name of its own."
        )
    return names


def read_truth(
    path: Path, arrays: Mapping[str, Any], ids: tuple[NDArray[Any], NDArray[Any]]
) -> Truth:
    """Return the positive pairs: as the file gives them, else by name, else by place.

    Args:
        path: the file, for messages.
        arrays: those of the file.
        ids: of the texts and of the videos.

    Raises:
        InputError: shapes do not fit, a name fits no video or two, or names contradict the pairs.
    """
    (texts, videos), given = ids, ("text_video", "positives", "relevance")
    links = _rows(path, arrays, videos)
    named = "text_ids" in arrays and "video_ids" in arrays
    if named and not any(key in arrays for key in given):
        links = owners(texts, videos, str(path))
    try:
        shape = (len(texts), len(videos))
        truth = Truth.of(shape, links, arrays.get("positives"), arrays.get("relevance"))
        if "positives" in arrays and "relevance" in arrays:
            check_agreement(Truth.of(shape, positives=arrays["positives"]), truth)
        if "text_video" in arrays and sum(key in arrays for key in given) > 1:
            _check_links(truth, Truth.of(shape, links))
        truth = with_candidates(truth, arrays)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    said = next((key for key in reversed(given) if key in arrays), "the order of rows")
    check_links(texts, videos, (truth.text, truth.video), f"{path}: {said}")
    return truth


def _rows(path: Path, arrays: Mapping[str, Any], videos: NDArray[Any]) -> Any:
    """Return ``text_video`` as columns, where it names videos as where it counts them."""
    links = arrays.get("text_video")
    if links is None or links.dtype.kind not in "UST":
        return links
    if "video_ids" not in arrays:
        raise InputError(f"{path}: text_video names videos, but there are no video_ids.")
    column = {composed(name): i for i, name in enumerate(videos.tolist())}
    names = [composed(str(name)) for name in as_text(links, "text_video", path).ravel().tolist()]
    if lost := [name for name in names if name not in column]:
        raise InputError(
            f"{path}: text_video names videos that are not in video_ids in {len(lost)} of "
            f"{len(names)} texts, the first is '{lost[0]}'."
        )
    return np.array([column[name] for name in names], dtype=np.int64).reshape(links.shape)


def _check_links(positives: Truth, links: Truth) -> None:
    right = set(zip(positives.text.tolist(), positives.video.tolist(), strict=True))
    pairs = zip(links.text.tolist(), links.video.tolist(), strict=True)
    wrong = next((pair for pair in pairs if pair not in right), None)
    if wrong is not None:
        raise InputError(
            f"text_video pairs text {wrong[0]} with video {wrong[1]}, but "
            f"{'positives' if positives.gain is None else 'relevance'} does not: "
            "correct one of them, or leave one out."
        )


def read_norm(path: Path, arrays: Mapping[str, Any]) -> str:
    """Return the spec that made the matrices, which may be of a norm that is not known here.

    Raises:
        InputError: it is not one string.
    """
    norm = as_text(arrays.get("norm", np.array("none")), "norm", path)
    if norm.dtype.kind not in "UT" or norm.size != 1 or not norm.item():
        raise InputError(
            f"{path}: norm is {norm.dtype} {norm.shape}, expected one string, the norm that made "
            "the matrices ('none' if they are as scored)."
        )
    return str(norm.item())


def read_sequences(path: Path, arrays: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return those of ``SEQUENCES`` that the file has, each a name for each row or column.

    Raises:
        InputError: one is of another type or length.
    """
    found = {key: as_text(arrays[key], key, path) for key in SEQUENCES if key in arrays}
    for key, names in found.items():
        side = {"text": -2, "video": -1}[key.split("_")[-2]]
        matrix = {"bank_text_sequence": "bank_t2v", "bank_video_sequence": "bank_v2t"}.get(key)
        n = arrays[matrix or "t2v"].shape[side] if matrix is None or matrix in arrays else 0
        if names.shape != (n,) or names.dtype.kind not in "UTiu":
            raise InputError(
                f"{path}: {key} is {names.dtype} {names.shape}, expected names ({n},), one for "
                f"each row or column of {matrix or 't2v'}."
            )
    return found
