"""What is measured: files of a chosen size, and projects around them."""

from __future__ import annotations

from pathlib import Path
from random import Random

BLOCK = 20_000
WORDS = ("north", "river", "amber", "stone", "velvet", "harbour", "cedar", "falcon", "meadow", "copper")
PROJECT = "version: 1\nname: bench\nsources:\n  bench:\n    type: files\n    streams:\n      {stream}\n"
TABLE = 'rows: {files: "rows-*.csv"}'
LOG = 'requests: {files: "access.log", format: combined}'


def make_project(folder: Path, stream: str) -> Path:
    """Make a project of one stream and no model."""
    folder.mkdir(parents=True)
    (folder / "lakesmith.yml").write_text(PROJECT.replace("{stream}", stream))
    return folder


def write_log(path: Path, size_bytes: int) -> None:
    """Write a web-server log in the combined format."""
    chance = Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        while file.tell() < size_bytes:
            file.write("".join(_request(chance) for _ in range(BLOCK)))


def _request(chance: Random) -> str:
    bits = chance.getrandbits(64)
    client = f"10.{bits & 255}.{bits >> 8 & 255}.{bits >> 16 & 255}"
    at = f"{1 + (bits >> 24) % 28:02d}/Oct/2026:{(bits >> 30) % 24:02d}:{(bits >> 36) % 60:02d}:{(bits >> 42) % 60:02d} +0000"
    status, size = (200, 301, 404, 500)[bits >> 48 & 3], bits >> 50 & 8191
    agent = f"Mozilla/5.0 (X11; Linux x86_64) Firefox/{100 + (bits >> 20) % 40}.0"
    return f'{client} - - [{at}] "GET /{WORDS[bits % 10]}/{bits >> 40 & 4095} HTTP/1.1" {status} {size} "-" "{agent}"\n'
