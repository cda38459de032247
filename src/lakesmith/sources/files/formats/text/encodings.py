"""In which encoding a text is written: byte order marks, what can be read, and a guess by evidence where a file is not UTF-8."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

SAMPLE = 1024 * 1024
"""Bytes at the beginning of a file that a guess is made from."""
UTF8_BOM = codecs.BOM_UTF8
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WIDE = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
BYTE_VALUES = bytes(range(256))
ASCII = bytes(range(128))
ASCII_LETTERS = 128
STATEFUL = ("utf-7", "hz", "iso2022")  # the meaning of a byte depends on all that stood before it

# letters as they stand in words of Western languages: what remains of broken UTF-8 does not look like this
WESTERN_WORD = re.compile(
    rb"[A-Za-z][\xdf-\xf6\xf8-\xfd]+|[\xdf-\xf6\xf8-\xfd]+[a-z]|[A-Z][\xc0-\xd6\xd8-\xdd]+"
    rb"|(?<![a-z\x80-\xff])[\xc0-\xd6\xd8-\xdd][A-Za-z]|[A-Za-z]\x92[A-Za-z]"
)
NOT_ASCII = re.compile(rb"[\x80-\xff]")
IN_RUNS = re.compile(rb"[\x80-\xff]{2,}")
EVIDENCE = 32 * 1024
FEW = 8  # letters below which nothing is said of an encoding other than the Western one
CYRILLIC = "оеаинтсрвл"
GREEK = "αοιετσνηυρς"
FREQUENT = {"cp1251": CYRILLIC, "koi8-r": CYRILLIC, "cp866": CYRILLIC, "iso8859-5": CYRILLIC, "cp1253": GREEK}
"""The letters that make up about half of any text in the languages that are written so; small ones, for the wrong encoding swaps them."""
ENOUGH = 0.4
ALONE = 1.2
"""Bytes that are not ASCII per character; where there is hardly more than one, they are signs between letters, such as an apostrophe in cp1252."""


def bom_of(beginning: bytes) -> tuple[bytes, str] | None:
    """Return the byte order mark that a file begins with and the encoding it means, or None."""
    return next(((mark, name) for mark, name in BOMS if beginning.startswith(mark)), None)


@lru_cache
def is_direct(encoding: str) -> bool:
    """Whether records can be cut out of the bytes as they are: UTF-8, or one byte per character with ASCII as it is."""
    if encoding == "utf-8":
        return True
    single = len(BYTE_VALUES.decode(encoding, "replace")) == len(BYTE_VALUES)
    return single and ASCII.decode(encoding, "replace") == ASCII.decode("ascii")


def readable_name(encoding: str) -> str:
    """Return the usual name of an encoding.

    Raises:
        ValueError: If text in it cannot be read from any place on, or no such encoding is known.
    """
    try:
        name = codecs.lookup(encoding).name
        b"a".decode(name, "replace") if name not in WIDE else None
        keeps_lines = "\n".encode(name).endswith((b"\n", b"\0"))
    except (LookupError, UnicodeError) as error:
        raise ValueError(
            "not an encoding that can be read; use utf-8, or cp1252, latin-1, utf-16, shift_jis and the like"
        ) from error
    if not keeps_lines or name.startswith(STATEFUL) or name in ("punycode", "idna", "unicode_escape", "undefined"):
        raise ValueError("not an encoding that can be read from any place on; save the files as utf-8")
    return "utf-8" if name == "utf-8-sig" else name


def guess_encoding(sample: bytes, *, is_whole: bool) -> str | None:
    """Return what the beginning of a file is written in: `utf-8` unless there is good evidence for another, None if it is ASCII.

    Args:
        sample: The beginning of a file, which has no byte order mark.
        is_whole: Whether that is all of it; if not, it may end inside a character.
    """
    wide = _wide(sample) if b"\0" in sample else None
    if wide or sample.isascii():
        return wide
    text = sample if is_whole else _without_half(sample)
    if not text or text.isascii():
        return None
    decoded = text.decode("utf-8", "surrogateescape")
    broken = sum("\udc80" <= letter <= "\udcff" for letter in decoded) if not decoded.isascii() else 0
    if not broken or broken <= sum(ord(letter) >= ASCII_LETTERS for letter in decoded) - broken:
        return "utf-8"
    return _by_script(text) or _western(text) or "utf-8"


def _wide(sample: bytes) -> str | None:
    """Return the encoding of two or four bytes per character whose zeros lie where those of ASCII letters would."""
    for name in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        size = WIDE[name]
        usable = sample[: len(sample) // size * size]
        low = 0 if name.endswith("le") else size - 1
        zeros = [usable[place::size].count(0) for place in range(size)]
        units = len(usable) // size
        high = [count for place, count in enumerate(zeros) if place != low]
        if min(high) * 10 >= units and zeros[low] * 5 <= min(high) and _is_text(usable, name):
            return name
    return None


def _is_text(data: bytes, encoding: str) -> bool:
    try:
        first = codecs.getincrementaldecoder(encoding)().decode(data)[:2]
    except UnicodeDecodeError:
        return False
    return first.isascii()


def _without_half(sample: bytes) -> bytes:
    """Return a sample up to its last line end, so that it ends with a character."""
    end = max(sample.rfind(b"\n"), sample.rfind(b"\r")) + 1
    return sample[: end or len(sample) - 3]


def _by_script(text: bytes) -> str | None:
    """Return an encoding of another script than the Latin one, where the letters it makes of the bytes are those frequent in that script."""
    lines = b"\n".join(line for line in text.splitlines() if not line.isascii())[:EVIDENCE]
    lines = lines.rpartition(b"\n")[0] or lines
    in_runs = sum(len(run) for run in IN_RUNS.findall(lines))
    for name, share in COMMON.items():  # two bytes per character
        letters = _letters(lines, name)
        if len(letters) < FEW / 2 or sum(map(IS_COMMON[name], letters)) < share * len(letters):
            continue
        if len(NOT_ASCII.findall(lines)) > ALONE * len(letters):
            return name
    if in_runs < 0.8 * len(NOT_ASCII.findall(lines)):  # accents in Latin words stand alone
        return None
    shares = {name: _share(_letters(lines, name), frequent) for name, frequent in FREQUENT.items()}
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] > ENOUGH else None


def _letters(lines: bytes, encoding: str) -> str:
    """Return the characters that are not ASCII, none at all if there are bytes that are no text."""
    try:
        return "".join(letter for letter in lines.decode(encoding) if ord(letter) >= ASCII_LETTERS)
    except UnicodeDecodeError:
        return ""


def _share(letters: str, frequent: str) -> float:
    return sum(letter in frequent for letter in letters) / len(letters) if len(letters) >= FEW else 0.0


def _is_kana(letter: str) -> bool:
    return "\u3040" <= letter <= "\u30ff"


def _is_usual_japanese(letter: str) -> bool:
    return _is_kana(letter) or _begins(letter, "cp932", range(0x88, 0x98))


def _is_hangul(letter: str) -> bool:
    return "\uac00" <= letter <= "\ud7a3"


def _begins(letter: str, encoding: str, leads: range) -> bool:
    return letter.encode(encoding, "replace")[0] in leads


def _is_usual_simplified(letter: str) -> bool:
    return _begins(letter, "gb2312", range(0xA1, 0xD8))


def _is_usual_traditional(letter: str) -> bool:
    return _begins(letter, "big5", range(0xA1, 0xC7))


# in this order: what is Korean would pass for Chinese, and Japanese in EUC for both
IS_COMMON = {
    "cp932": _is_usual_japanese,
    "euc_jp": _is_kana,
    "cp949": _is_hangul,
    "gb18030": _is_usual_simplified,
    "big5": _is_usual_traditional,
}
COMMON = {"cp932": 0.9, "euc_jp": 0.2, "cp949": 0.95, "gb18030": 0.85, "big5": 0.9}


def _western(text: bytes) -> str | None:
    try:
        text.decode("cp1252")
    except UnicodeDecodeError:
        return None
    others = len(NOT_ASCII.findall(text))
    in_words = sum(len(NOT_ASCII.findall(match)) for match in WESTERN_WORD.findall(text))
    return "cp1252" if in_words * 2 >= others or in_words >= FEW else None
