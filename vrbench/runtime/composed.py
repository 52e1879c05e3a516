"""Names with accents, which systems store in two ways that look the same."""

from __future__ import annotations

import unicodedata


def composed(name: str) -> str:
    """Return a name in Unicode's composed form (NFC), by which names are compared.

    macOS gives the names of files with accents apart (NFD), most other programs write one
    character.
    """
    return name if name.isascii() else unicodedata.normalize("NFC", name)
