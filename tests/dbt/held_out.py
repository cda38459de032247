"""A third dirty table and its clean twin: real purchases, with errors of usual kinds put in by chance. Nothing was tuned on it.

The clean twin is the lines of the invoices of a music shop, joined with customer and track. How often which error is put in was
written down before any macro was tried on it; the seed is the first one.
"""

import csv
from pathlib import Path
from random import Random
from typing import Final

SEED: Final = 1
COLUMNS: Final = (
    *(
        "index",
        "invoice_id",
        "invoice_date",
        "customer",
        "company",
        "address",
        "city",
        "state",
        "country",
        "postal_code",
        "email",
    ),
    *("track", "album", "artist", "genre", "media_type", "unit_price"),
)
TEXTS: Final = COLUMNS[3:-1]
"""The columns of text: those that slips, case, blanks and words for null are put into."""

SLIP, CASE, BLANKS, ERASED = 0.015, 0.01, 0.01, 0.005
"""How often a text has a letter too many, too few, another or two swapped; another case; blanks; or a word instead of itself."""

NO_VALUE, COMMA, CURRENCY, DOTTED_DAY, MONTH_NAME, AGAIN = 0.5, 0.05, 0.05, 0.1, 0.05, 0.03
"""How often null is a word; a price is written otherwise; a day is; a row comes again with one or two attributes of another row."""

WORDS: Final = ("n/a", "-", "unknown", "NULL", "?", "not given")
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Row = list[str]


def write(script: Path, folder: Path) -> None:
    """Write `clean.csv` and `dirty.csv` to a folder, made from the shop's database script."""
    clean = purchases(script.read_text("utf-8"))
    rng = Random(SEED)
    again = [(row, spoiled_attributes(row, clean, rng)) for row in clean if rng.random() < AGAIN]
    truth = clean + [row for row, _ in again]
    told = [spoiled(row, rng) for row in clean + [row for _, row in again]]
    for name, rows in (("clean", truth), ("dirty", told)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows([str(number), *row[1:]] for number, row in enumerate(rows, 1))


def purchases(script: str) -> list[Row]:
    """Return the clean rows."""
    lines, invoices, customers, tracks, albums, artists, genres, media = (
        table(script, name)
        for name in ("InvoiceLine", "Invoice", "Customer", "Track", "Album", "Artist", "Genre", "MediaType")
    )
    rows = []
    for number, (invoice_id, track_id, price, _) in lines.items():
        customer_id, moment, *_ = invoices[invoice_id]
        first, last, company, address, city, state, country, postal_code, _, _, email, _ = customers[customer_id]
        track, album_id, media_id, genre_id, *_ = tracks[track_id]
        album, artist_id = albums[album_id]
        person = [f"{first} {last}", company, address, city, state, country, postal_code, email]
        sold = [track, album, artists[artist_id][0], genres[genre_id][0], media[media_id][0], price]
        rows.append([number, invoice_id, moment[:10], *person, *sold])
    return rows


def table(script: str, name: str) -> dict[str, Row]:
    """Return the rows of a table of the script by their first column, without it; null is an empty text."""
    body = script.split(f'COPY public."{name}" ')[1].split("\n", 1)[1].split("\n\\.\n", maxsplit=1)[0]
    rows = [["" if value == "\\N" else value for value in line.split("\t")] for line in body.split("\n")]
    return {row[0]: row[1:] for row in rows}


def spoiled_attributes(row: Row, others: list[Row], rng: Random) -> Row:
    """Return the row with one or two texts of another row."""
    other, copy = rng.choice(others), list(row)
    for column in rng.sample(TEXTS, rng.choice((1, 2))):
        copy[COLUMNS.index(column)] = other[COLUMNS.index(column)]
    return copy


def spoiled(row: Row, rng: Random) -> Row:
    """Return the row with errors put in: one in a cell at most."""
    told = [spoil_text(value, rng) if column in TEXTS else value for column, value in zip(COLUMNS, row, strict=True)]
    told[2], told[-1] = spoil_day(row[2], rng), spoil_price(row[-1], rng)
    return told


def spoil_text(text: str, rng: Random) -> str:
    if not text:
        return rng.choice(WORDS) if rng.random() < NO_VALUE else ""
    chance = rng.random()
    for share, change in ((SLIP, slip), (CASE, other_case), (BLANKS, with_blanks), (ERASED, erased)):
        if chance < share:
            return change(text, rng)
        chance -= share
    return text


def erased(_: str, rng: Random) -> str:
    return rng.choice(WORDS)


def slip(text: str, rng: Random) -> str:
    at, kind, letter = rng.randrange(len(text)), rng.randrange(4), rng.choice(LETTERS)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + letter + text[at:]
    if kind == 2:
        return text[:at] + letter + text[at + 1 :]
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def other_case(text: str, rng: Random) -> str:
    return text.upper() if rng.random() < 0.5 else text.lower()


def with_blanks(text: str, rng: Random) -> str:
    return rng.choice((f" {text}", f"{text} ", f"{text}\u00a0", text.replace(" ", "  ", 1)))


def spoil_day(day: str, rng: Random) -> str:
    year, month, number = day.split("-")
    chance = rng.random()
    if chance < DOTTED_DAY:
        return f"{number}.{month}.{year}"
    return f"{MONTHS[int(month) - 1]} {int(number)}, {year}" if chance < DOTTED_DAY + MONTH_NAME else day


def spoil_price(price: str, rng: Random) -> str:
    chance = rng.random()
    if chance < COMMA:
        return price.replace(".", ",")
    return f"${price}" if chance < COMMA + CURRENCY else price
