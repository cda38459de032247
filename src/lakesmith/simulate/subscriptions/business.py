"""The subscription business: how large it is, when its clock ticks, and what it sells."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from lakesmith.simulate.company import EPOCH_ORDINAL, MINUTES_PER_DAY

TICKS_PER_DAY: Final = 12
TICK_MINUTES: Final = MINUTES_PER_DAY // TICKS_PER_DAY
PAST_DAYS: Final = 200
"""Days the business is old when its database is made."""
SETTLE_MINUTES: Final = 6 * 60
"""After this long a row that was changed has been written: what `updated_at` lags behind at most, with a margin."""
RATES: Final = {"EUR": 10_000, "USD": 8_750, "GBP": 11_500}
"""Ten-thousandths of a euro for one unit of each currency, as in the template's seed."""
CURRENCY_OF: Final = {"GB": "GBP", "US": "USD"}
COUNTRIES: Final = ("DE", "DE", "DE", "FR", "NL", "GB", "GB", "ES", "IT", "SE", "AT", "US", "US", "CH")


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """One subscription business; equal values make equal databases.

    Attributes:
        seed: Chooses the business.
        scale: Multiplies everything that happens.
        start: Date of day 1. Tick 0 is its midnight, with all of the past in the database; every tick is two hours.
    """

    seed: int = 7
    scale: float = 1.0
    start: date = date(2026, 10, 1)

    def __post_init__(self) -> None:
        """Refuse a business in which nothing happens.

        Raises:
            ValueError: If `scale` is not above 0.
        """
        if not self.scale > 0:
            message = f"The scale of a business must be above 0, and is {self.scale}. Pass for example scale=1.0."
            raise ValueError(message)

    def minute(self, tick: int) -> int:
        """Return the end of a tick, in minutes since 1970.

        Examples:
            >>> Subscriptions().minute(12) - Subscriptions().minute(0)
            1440
        """
        return (self.start.toordinal() - EPOCH_ORDINAL) * MINUTES_PER_DAY + tick * TICK_MINUTES


def last_tick(day: int) -> int:
    """Return the last tick of a day, counted from 1.

    Examples:
        >>> last_tick(3)
        36
    """
    return day * TICKS_PER_DAY


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as it is sold at first; `price` in cents of any currency."""

    code: str
    name: str
    interval: str
    price: int
    is_archived: bool = False

    @property
    def days(self) -> int:
        """Days that are paid at once."""
        return INTERVAL_DAYS[self.interval]


INTERVAL_DAYS: Final = {"month": 30, "year": 365}
OFFERS: Final = (
    Offer("STARTER", "Starter", "month", 1_900),
    Offer("TEAM", "Team", "month", 4_900),
    Offer("BUSINESS", "Business", "month", 14_900),
    Offer("STARTER-Y", "Starter, yearly", "year", 19_900),
    Offer("TEAM-Y", "Team, yearly", "year", 49_900),
    Offer("BASIC", "Basic", "month", 900, is_archived=True),
)
NAMES: Final = {
    1: ("Starter", "Essentials"),
    2: ("Team", "Teams"),
    3: ("Business", "Scale"),
    5: ("Team, yearly", "Teams, yearly"),
}
"""Plans that are renamed, and the names they go back and forth between."""


def eur(cents: int, currency: str) -> int:
    """Return an amount in cents of a euro, halves rounded up.

    Examples:
        >>> eur(1_900, "USD"), eur(1, "GBP")
        (1663, 1)
    """
    return (cents * RATES[currency] * 2 + 10_000) // 20_000


def monthly(cents: int, interval: str) -> int:
    """Return what an amount is worth in a month, in cents, halves rounded up.

    Examples:
        >>> monthly(19_900, "year"), monthly(1_900, "month")
        (1658, 1900)
    """
    months = 12 if interval == "year" else 1
    return (2 * cents + months) // (2 * months)
