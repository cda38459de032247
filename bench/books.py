"""A large workbook, and how fast its peers make a frame of it: `python bench/books.py FOLDER` writes one and compares."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from making import WORDS
from measuring import best, python, result

ROWS = 200_000
ROWS_PER_PIECE = 5_000
HEADER = ("id", "customer", "amount", "rate", "day", "seen", "is_paid", "city", "note", "code")
DAY, SEEN = 1, 2
"""The styles of days and of times."""

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{KIND}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets><sheet name="orders" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{LINKS}/styles" Target="styles.xml"/>'
    f'<Relationship Id="r3" Type="{LINKS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1">'
    '<border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
}

OURS = """
import sys
from lakesmith.sources.files import FileStreamOptions
from lakesmith.sources.files.formats.base import Tail
from lakesmith.sources.files.formats.tables.excel import FORMAT
from lakesmith.sources.files.reading.tape import Tape
options = FileStreamOptions(files="*")
with open(sys.argv[1], "rb") as head, open(sys.argv[1], "rb") as file:
    rows = sum(one.rows.num_rows for one in FORMAT.read(Tail("book.xlsx", head, options), Tape(file, 0)))
assert rows == int(sys.argv[2]), rows
"""
PEER = """
import sys
import polars
rows = polars.read_excel(sys.argv[1], engine="calamine").height
assert rows == int(sys.argv[2]), rows
"""
SLOW_PEER = """
import sys
import openpyxl
sheet = openpyxl.load_workbook(sys.argv[1], read_only=True, data_only=True).worksheets[0]
rows = sum(1 for _ in sheet.iter_rows(values_only=True)) - 1
assert rows == int(sys.argv[2]), rows
"""


def write_book(path: Path, rows: int = ROWS) -> None:
    """Write an xlsx file of ten columns: numbers, days, times, flags and shared texts; a tenth of one column is empty."""
    texts: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in PARTS.items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'<worksheet xmlns="{MAIN}"><dimension ref="A1:J{rows + 1}"/><sheetData>'.encode())
            sheet.write(_row(1, [_text(name, texts) for name in HEADER]).encode())
            for piece in _pieces(rows, texts):
                sheet.write(piece.encode())
            sheet.write(b"</sheetData></worksheet>")
        shared = "".join(f"<si><t>{text}</t></si>" for text in texts)
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}" uniqueCount="{len(texts)}">{shared}</sst>')


def _pieces(rows: int, texts: dict[str, int]) -> Iterator[str]:
    chance = Random(11)
    for first in range(0, rows, ROWS_PER_PIECE):
        numbers = range(first, min(first + ROWS_PER_PIECE, rows))
        yield "".join(_row(number + 2, _cells(number, chance, texts)) for number in numbers)


def _cells(number: int, chance: Random, texts: dict[str, int]) -> list[str]:
    bits = chance.getrandbits(64)
    one, two = WORDS[bits % 10], WORDS[bits >> 8 & 7]
    return [
        f"><v>{number}</v>",
        f"><v>{bits & 0xFFFFF}</v>",
        f"><v>{(bits >> 20 & 0xFFFFF) / 100}</v>",
        f"><v>{(bits >> 24 & 0xFFFF) / 65536}</v>" if bits % 10 else "",
        f' s="{DAY}"><v>{40_000 + (bits >> 30 & 0xFFF)}</v>',
        f' s="{SEEN}"><v>{40_000 + (bits >> 30 & 0xFFFFF) / 256}</v>',
        f' t="b"><v>{bits >> 40 & 1}</v>',
        _text(one, texts),
        _text(f"{one} {two} delivered on time", texts),
        _text(f"{two}-{number % 50_000}", texts),
    ]


def _text(text: str, texts: dict[str, int]) -> str:
    return f' t="s"><v>{texts.setdefault(text, len(texts))}</v>'


def _row(number: int, cells: list[str]) -> str:
    told = (f'<c r="{letter}{number}"{cell}</c>' for letter, cell in zip("ABCDEFGHIJ", cells, strict=True) if cell)
    return f'<row r="{number}">{"".join(told)}</row>'


def compare(folder: Path, rows: int = ROWS) -> dict[str, object]:
    """Write a workbook, and measure reading it against polars and openpyxl."""
    path = folder / "book.xlsx"
    write_book(path, rows)
    arguments = (str(path), str(rows))
    ours = best(3, *python(OURS, *arguments))
    peers = {"polars": best(3, *python(PEER, *arguments)), "openpyxl": best(1, *python(SLOW_PEER, *arguments))}
    told = result(f"excel {rows:,} rows", ours, peers)
    return {
        "name": told.name,
        "seconds": told.seconds,
        "ratio": told.ratio,
        "peak_rss_mb": told.peak_rss_mb,
        "cpu_seconds": told.cpu_seconds,
        "peers": told.peers,
        "cpu_of_peers": {name: round(one.cpu_seconds, 3) for name, one in peers.items()},
        "rss_of_peers": {name: round(one.peak_rss_mb, 1) for name, one in peers.items()},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(compare(Path(sys.argv[1])), indent=2) + "\n")
