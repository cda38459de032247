"""Columns that must not be readable: hashed before they reach the lake, or left out."""

from __future__ import annotations

import hashlib

from lakesmith.shape.arrow import Array, pa
from lakesmith.shape.fit import plain
from lakesmith.shape.render import as_text


def hashed(values: Array, salt: str = "") -> Array:
    """Return the SHA-256 of salt and text of every value, as hex; null stays null. Each distinct value is hashed once."""
    coded = as_text(plain(values)).dictionary_encode()
    digests = [hashlib.sha256((salt + text).encode()).hexdigest() for text in coded.dictionary.to_pylist()]
    return pa.array(digests, pa.string()).take(coded.indices)
