"""How the agency's people write things down: every clean value in one of many spellings, some of them of no use at all."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from lakesmith.simulate.agency.clients import Client, Size
from lakesmith.simulate.agency.world import Record
from lakesmith.simulate.dirt import dotted_date, iso_date

COLUMNS: Final = (
    "client", "country", "email", "phone", "annual_revenue", "employees", "engagement_id", "service", "fee", "started_on",
    "ended_on", "contract_no", "recorded_on",
)  # fmt: skip
_NOTHING: Final = ("", "", "n/a", "-", "unknown")
_LEGAL: Final = {
    "GmbH": ("GmbH", "GMBH", "G.m.b.H.", "gmbh"),
    "AG": ("AG", "A.G.", "ag"),
    "Ltd": ("Ltd", "Ltd.", "Limited", "LTD"),
    "LLC": ("LLC", "L.L.C.", "llc"),
    "Inc": ("Inc", "Inc.", "INC"),
    "SAS": ("SAS", "S.A.S.", "sas"),
    "BV": ("BV", "B.V.", "b.v."),
    "SpA": ("SpA", "S.p.A.", "SPA"),
}
_SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£"}
_UNITS: Final = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()  # noqa: SIM905 - words are easier to read
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905 - likewise
_WORDED_BELOW: Final = 100


def record_texts(record: Record, luck: Random) -> list[str]:
    """Return the fields of a row of the client list, in the order of `COLUMNS`."""
    client, engagement = record.client, record.engagement
    return [
        company_name(client.name, client.legal_form, luck, proper=record.is_first),
        _or_nothing(client.country, luck, lambda text: luck.choice((text, text, text.lower(), f" {text}"))),
        _email(client, luck),
        _or_nothing(client.phone, luck, lambda text: _phone(text, luck)),
        _or_nothing(client.revenue, luck, lambda amount: _revenue(amount, str(client.currency), luck)),
        _or_nothing(client.size, luck, lambda size: _size(size, luck)),
        luck.choice((f"E{engagement.number:05d}", f"e{engagement.number:05d}", f" E-{engagement.number:05d} ")),
        luck.choice((engagement.service, engagement.service, engagement.service.title(), f"{engagement.service} ")),
        fee(engagement.fee, luck),
        day(engagement.started_on, luck),
        "" if engagement.ended_on is None else day(engagement.ended_on, luck),
        contract_number(engagement.contract, luck),
        day(record.recorded_on, luck),
    ]


def company_name(name: str, legal_form: str | None, luck: Random, *, proper: bool = False) -> str:
    """Return a company's name as somebody types it; `proper`: in the company's own upper and lower case."""
    spelled = _LEGAL[legal_form] if legal_form else ()
    tail = luck.choice(("", ",")) + f" {luck.choice(spelled)}" if spelled else ""
    changes: tuple[Callable[[str], str], ...] = (str, str, lambda text: text.replace(" ", "  "))
    if not proper:
        changes = (*changes, str.upper, str.lower, lambda text: f"  {text}")
    return luck.choice(changes)(name) + tail + luck.choice(("", "", " "))


def day(number: int, luck: Random) -> str:
    """Return a date in one of two spellings."""
    return iso_date(number) if luck.random() < 0.6 else dotted_date(number)  # noqa: PLR2004


def fee(cents: int, luck: Random) -> str:
    """Return an amount of euros."""
    plain, grouped = f"{cents // 100}.{cents % 100:02d}", f"{cents // 100:,}.{cents % 100:02d}"
    return luck.choice((plain, grouped, f"EUR {plain}", f"€{grouped}", _european(cents)))


def contract_number(contract: str, luck: Random) -> str:
    """Return the number of a contract as somebody writes it."""
    _, year, number = contract.split("-")
    return luck.choice((contract, contract, contract.lower(), f"AG {year}-{number}", f"AG{year}{number}"))


def _european(cents: int) -> str:
    return f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d} €"


def _or_nothing(value: Any, luck: Random, write: Callable[[Any], str]) -> str:
    return luck.choice(_NOTHING) if value is None else write(value)


def _email(client: Client, luck: Random) -> str:
    """Return an address; one that is lost is missing or malformed."""
    text = client.email
    if text is not None:
        return luck.choice((text, text, text.upper(), f" {text}", text.title()))
    box = client.name.split()[0].lower()
    wrong = (
        "",
        "n/a",
        f"{box}(at)mail.example",
        f"{box}@@mail.example",
        f"{box}@mail",
        f"{box} mail.example",
        "@mail.example",
    )
    return luck.choice(wrong)


def _phone(text: str, luck: Random) -> str:
    code, area, rest = text[:3], text[3:5], text[5:]
    return luck.choice(
        (text, f"{code} {area} {rest}", f"{code} ({area}) {rest}", f"00{text[1:]}", f"{code}-{area}-{rest}")
    )


def _revenue(amount: int, currency: str, luck: Random) -> str:
    tenths = amount // 100_000
    millions = f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)
    sign = _SIGNS[currency]
    marked = [
        f"{sign}{millions}M",
        f"{sign}{amount:,}",
        f"{currency} {amount // 1_000}k",
        f"{currency} {millions} million",
        f"{amount:,} {currency}",
    ]
    if currency == "EUR":  # the house currency goes without saying
        marked += [f"{amount:,}", str(amount), f"{millions} million", f"{amount:,}".replace(",", ".") + " €"]
    return luck.choice(marked)


def _size(size: Size, luck: Random) -> str:
    if size.kind == "range":
        return luck.choice((f"{size.start}-{size.end}", f"{size.start} – {size.end}", f"{size.start} to {size.end}"))
    if size.kind == "at_least":
        return luck.choice((f"{size.start:,}+", f"{size.start}+", f"{size.start:,}+ employees"))
    if size.kind == "about":
        return luck.choice((f"~{size.start}", f"ca. {size.start}", f"approx. {size.start}"))
    plain = [str(size.start), f"{size.start:,}", f"{size.start} employees", f"{size.start} staff"]
    return luck.choice([*plain, *_in_words(size.start)])


def _in_words(count: int) -> list[str]:
    if not 0 < count < _WORDED_BELOW:
        return []
    if count <= len(_UNITS):
        return [_UNITS[count - 1], _UNITS[count - 1].title()]
    tens, units = _TENS[count // 10 - 2], count % 10
    return [f"{tens}-{_UNITS[units - 1]}", f"{tens} {_UNITS[units - 1]}"] if units else [tens, tens.title()]
