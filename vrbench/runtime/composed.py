"""Names with accents, which systems store in two ways that look the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def composed(name: str) -> str:
    """Return a name in Unicode's composed form (NFC), by which names are compared.

    macOS gives the names of files with accents apart (NFD), most other programs write one
    character.
    """
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def found_among(names: Iterable[str], known: Iterable[str]) -> list[str | None]:
    """Return for each name the known one that it is, in either form; None: it is none of them."""
    exact = dict.fromkeys(known)
    alike = {composed(one): one for one in exact}
    return [name if name in exact else alike.get(composed(name)) for name in names]
