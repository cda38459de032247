"""The agency's clients: what is true of each at any date, as a pure function of its number and the date."""

import unicodedata
from dataclasses import dataclass
from random import Random
from typing import Final

from lakesmith.simulate.company import stride

HEADS: Final = ["Alba", "Béton", "Bücher", "Café", "Crème", "Dörfler", "Ébène", "Façade", "Fjäll", "Gärtner", "Grün", "Höfer", "Jäger", "Köhler", "Lumière", "Mälar", "Müller", "Noël", "Öland", "Pêche", "Rödby", "Schön", "Señal", "Tömrer", "Übersee", "Vänern", "Wörther", "Zürich", "Atlas", "Basalt", "Cedar", "Dorian", "Elm", "Fable", "Garnet", "Harbor", "Indigo", "Juniper"]  # fmt: skip  # letters that cp1252 has
MIDDLES: Final = [
    "Apparel",
    "Bakeries",
    "Brewing",
    "Ceramics",
    "Clinics",
    "Coffee",
    "Cycles",
    "Dental",
    "Estates",
    "Festivals",
    "Film",
    "Furniture",
    "Galleries",
    "Gardens",
    "Hotels",
    "Interiors",
    "Jewellery",
    "Kitchens",
    "Leather",
    "Libraries",
    "Lighting",
    "Museums",
    "Opera",
    "Outdoor",
    "Perfumes",
    "Pottery",
    "Publishing",
    "Records",
    "Schools",
    "Skincare",
    "Spirits",
    "Stationery",
    "Tea",
    "Theatre",
    "Toys",
    "Travel",
    "Watches",
    "Wines",
    "Yachts",
]
LEGAL_FORMS: Final = ("GmbH", "AG", "Ltd", "LLC", "Inc", "SAS", "BV", "SpA")
COUNTRIES: Final = ("DE", "FR", "NL", "GB", "ES", "IT", "SE", "AT", "US", "CH")
RATES: Final = {"EUR": 10_000, "USD": 8_750, "GBP": 11_500}
"""Ten-thousandths of a euro for one unit of each currency, as in the template's seed."""
FREEMAIL: Final = "postbox.example"
RANGES: Final = ((1, 9), (10, 49), (50, 100), (50, 249), (100, 250), (250, 999))
_PERIOD_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Size:
    """Number of employees: between two bounds; `end` None means open. `kind` is exact, about, range or at_least."""

    kind: str
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Client:
    """What is true of a client at one date. None where it is unknown, or where a record does not say it."""

    number: int
    name: str
    legal_form: str | None
    country: str | None
    email: str | None
    phone: str | None
    revenue: int | None
    currency: str | None
    size: Size | None


def client_at(seed: int, number: int, on: int) -> Client:
    """Return a client as it is on a day since 1970; revenue and size move every few months."""
    luck = Random(f"{seed}/client/{number}")
    edition = (on + luck.randrange(_PERIOD_DAYS)) // _PERIOD_DAYS
    name = name_of(number)
    domain = _domain(name)
    currency = luck.choices(("EUR", "USD", "GBP"), (6, 3, 2))[0]
    box = f"{domain.partition('.')[0]}@{FREEMAIL}" if luck.random() < 0.1 else f"office@{domain}"  # noqa: PLR2004
    phone = f"+49{luck.randrange(30, 90)}{luck.randrange(10**6, 10**7)}"
    moving = Random(f"{seed}/client/{number}/{edition}")
    return Client(
        number=number,
        name=name,
        legal_form=luck.choice((*LEGAL_FORMS, None)),
        country=luck.choice((*COUNTRIES, *COUNTRIES, None)),
        email=box,
        phone=phone,
        revenue=100_000 * (3 + luck.randrange(400) + moving.randrange(9)),
        currency=currency,
        size=_size(moving.randrange(4), moving),
    )


def name_of(number: int) -> str:
    """Return the name of a client without its legal form; no two are alike, whatever their case and accents."""
    count = len(HEADS) * len(MIDDLES)
    again, place = divmod(number, count)
    head, middle = divmod(place * stride(count) % count, len(MIDDLES))
    return f"{HEADS[head]} {MIDDLES[middle]}" + (f" {again + 1}" if again else "")


def _domain(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "-") + ".example"


def _size(kind: int, luck: Random) -> Size:
    if kind == 0:
        return Size("range", *luck.choice(RANGES))
    if kind == 1:
        return Size("at_least", luck.choice((500, 1_000, 2_500)), None)
    count = 5 * luck.randrange(2, 30)
    return Size("about", count, count) if kind == 2 else Size("exact", count + 1, count + 1)  # noqa: PLR2004
