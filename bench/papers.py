"""Documents into rows: how many a second of processor time, workers and parent together; there is no peer that keeps the same columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

from loading import ask
from measuring import LAKESMITH, Result, measure

from lakesmith.simulate.agency.papers import docx_bytes, pdf_bytes

PROJECT = "version: 1\nname: bench\nsources:\n  papers:\n    type: documents\n    streams:\n      all: {files: '*'}\n"
LINE = "some words of a line "


def _mail(number: int) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@example.com", "bob@example.com", f"No {number}"
    mail.set_content("word " * 200)
    mail.add_attachment(b"x" * 500, maintype="application", subtype="octet-stream", filename="a.bin")
    return bytes(mail)


KINDS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "mails": ("eml", _mail),
    "pdf-pages": ("pdf", lambda number: pdf_bytes([LINE * 3] * 30 + [f"page {number}"])),
    "word-documents": ("docx", lambda number: docx_bytes([LINE * 5] * 20 + [str(number)])),
}


def run_papers(folder: Path, count: int) -> Iterator[Result]:
    """Documents of each kind, loaded through the command line; `peers` holds documents a second of processor time (a rate, not seconds)."""
    for kind, (suffix, make) in KINDS.items():
        project = folder / kind
        project.mkdir(parents=True)
        for number in range(count):
            (project / f"{number:06}.{suffix}").write_bytes(make(number))
        (project / "lakesmith.yml").write_text(PROJECT.replace("'*'", f"'*.{suffix}'"))
        ours = measure(LAKESMITH, "run", "--json", cwd=project)
        [[rows, broken]] = ask(
            f"select count(*), count(error) from read_parquet('{project}/lake/papers/all/data/*.parquet')"
        )
        yield Result(
            name=f"documents-{kind}",
            seconds=round(ours.seconds, 3),
            peak_rss_mb=round(ours.peak_rss_mb, 1),
            cpu_seconds=round(ours.cpu_seconds, 3),
            peers={"documents per processor second (a rate)": round(count / ours.cpu_seconds, 1)},
            content_equal=(rows, broken) == (count, 0),
        )
