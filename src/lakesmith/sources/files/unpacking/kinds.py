"""What a file is packed with, told by its first bytes and by its name."""

from __future__ import annotations

from dataclasses import dataclass

ZIP = "zip"
BEGINNING = 512
"""How many bytes of a file are needed to tell what it is packed with."""


@dataclass(frozen=True, slots=True)
class Packing:
    """A way to pack files: what packed bytes begin with, and the suffixes that mean it."""

    magic: tuple[bytes, ...]
    suffixes: tuple[str, ...]
    program: str


PACKINGS = {
    "gz": Packing((b"\x1f\x8b\x08",), (".gz", ".gzip"), "gzip"),
    "bz2": Packing(
        tuple(b"BZh%d" % level + block for level in range(1, 10) for block in (b"1AY&SY", b"\x17rE8P\x90")),
        (".bz2",),
        "bzip2",
    ),
    "xz": Packing((b"\xfd7zXZ\0",), (".xz",), "xz"),
    "zst": Packing(
        (b"\x28\xb5\x2f\xfd", *(bytes((low,)) + b"\x2a\x4d\x18" for low in range(0x50, 0x60))),
        (".zst", ".zstd"),
        "zstd",
    ),
    ZIP: Packing((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04"), (".zip",), "zip"),
}
"""By name. What begins like one of these is no text: no encoding has such characters at its start."""

UNREADABLE = {
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x1f\x9d": "packed with compress (.Z)",
    b"\x04\x22\x4d\x18": "packed with LZ4",
    b"MSCF\0\0\0\0": "a Windows cabinet",
}
TAR_MARKS, TAR_OFFSET = (b"ustar\0", b"ustar  \0"), 257


def kind_of(beginning: bytes) -> str | None:
    """Return the name of the packing that the first bytes of a file tell, or None."""
    return next((name for name, packing in PACKINGS.items() if beginning.startswith(packing.magic)), None)


def kind_of_name(name: str) -> str | None:
    """Return the packing that the suffix of a file means, or None.

    Examples:
        >>> kind_of_name("orders.csv.gz")
        'gz'
    """
    lower = name.lower()
    return next((kind for kind, packing in PACKINGS.items() if lower.endswith(packing.suffixes)), None)


def inner_name(name: str) -> str:
    """Return a file's name without the suffixes of what it is packed with, which says what its content is.

    Examples:
        >>> inner_name("orders.csv.gz")
        'orders.csv'
        >>> inner_name("orders.csv")
        'orders.csv'
    """
    while (shorter := without_suffix(name)) != name:
        name = shorter
    return name


def without_suffix(name: str) -> str:
    """Return a file's name without the last suffix that says what it is packed with."""
    kind = kind_of_name(name)
    suffixes = PACKINGS[kind].suffixes if kind else ()
    return name[: -max(len(suffix) for suffix in suffixes if name.lower().endswith(suffix))] if kind else name


def unreadable(beginning: bytes) -> str | None:
    """Return what a file is packed with that nobody here can unpack, in words; None if it is nothing of that kind."""
    if beginning[TAR_OFFSET:].startswith(TAR_MARKS):
        return "a tar archive"
    return next((words for magic, words in UNREADABLE.items() if beginning.startswith(magic)), None)


def looks_packed(name: str, beginning: bytes) -> bool:
    """Return whether a file is packed, or says so by its name."""
    return kind_of(beginning) is not None or kind_of_name(name) is not None or unreadable(beginning) is not None
