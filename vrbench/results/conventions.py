"""The conventions of sequence scores, in words: results that differ in them do not compare."""

from __future__ import annotations

from collections.abc import Iterator

from vrbench.results import labels
from vrbench.results.schema import ResultDict


def conventions(result: ResultDict) -> Iterator[str]:
    """Yield a sentence for each direction whose scores have distances, or a bucket."""
    info = result.get("sequence_info") or {}
    for direction in labels.DIRECTION_NAMES:
        about = info.get(direction)
        if not about:
            continue
        said = [f"{labels.method(result)}, {direction}:"]
        offset, negative = about.get("offset"), about.get("negative")
        if offset is not None and negative is not None:
            said.append(
                f"distance = {offset:g} - similarity, {100 * negative:.1f} % of "
                f"them negative, length scaling {about.get('length_norm')};"
            )
        if about.get("bucket") is not None:
            of = f" of the {about['bucket_of']} set's matched pairs" if about["bucket_of"] else ""
            said.append(f"bucket at {about['bucket']:.4g}{of};")
        if len(said) > 1:
            yield " ".join(said).rstrip(";") + "."
