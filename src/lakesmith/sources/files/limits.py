"""How large, deep and long what partners send may become: everything beyond is text, a reject or a refusal, never a crash."""

from __future__ import annotations

MB = 1024 * 1024
GB = 1024 * MB

RECORD_BYTES = 8 * MB
"""The longest record, of whatever format: a line of text, a JSON or XML element, a row of a sheet. A longer one is a reject."""

COLUMNS = 20_000
"""How many columns a table that is written as text may have: a file with more is another kind of file."""

NESTING_DEPTH = 32
"""How deep lists and structs may lie in each other; a record that goes deeper is a reject."""

NUMBER_DIGITS = 38
"""How many digits a number may have to stay one; a longer one keeps its text. It is what a decimal column of the lake can hold."""

HEAD_BYTES = RECORD_BYTES + MB
"""What a reader that does not seek sees of a file's beginning: enough for the longest first record."""

PIECE_BYTES = MB
"""The most that one step of unpacking may give."""

SPOOL_BYTES = 16 * MB
"""How much of an unpacked file that is read at random lies in memory; a larger one lies in a temporary file on disk."""

PACKED_RATIO = 1_000
"""How many times its packed size a file may have, once it is larger than `UNSUSPECTED_BYTES`."""

UNSUSPECTED_BYTES = GB
"""Up to here a file may be packed as tightly as it likes: even a page of blanks is."""

MAX_UNPACKED_GB = 200
"""How much may come out of one packed file, in GB, unless the stream says otherwise (`max_unpacked_gb`)."""

MEMBERS = 10_000
"""How many members an archive may have."""

DIRECTORY_BYTES = 8 * MB
"""How large the table of contents of an archive may be: it is held in memory."""

NAME_BYTES = 1_024
"""How long the name of a member may be."""

PACKINGS_DEEP = 2
"""How many packings may lie in each other: `drop.zip` with `a.csv.gz` or `b.zip` in it, and no deeper."""

DICTIONARY_BYTES = 256 * MB
"""How much memory an unpacker may ask for, which the packed file decides: the strongest settings in use need 130 MB."""
