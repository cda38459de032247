"""The company that sells and advertises: how large it is, what it sells, where its visitors come from, and when its app changes."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from lakesmith.simulate.company import EPOCH_ORDINAL, MINUTES_PER_DAY, Company

PAST_DAYS: Final = 75
"""Days the company is old when day 1 begins."""
RESTATED_DAYS: Final = 28
"""So many days platforms correct what they said of a day: on the last of these it is final."""

DISCOUNT_DAY: Final = 2
"""From this day on items of orders bear a `discount`, and customers a `consent`, without a word."""
TEXT_TOTAL_DAY: Final = 3
"""From this day on an order's `total` is text with its currency, and no number."""
PHONE_DAY: Final = 3
"""From this day on customers that are written have `phone_number`, and no `phone`."""
TEXT_ZIP_DAY: Final = 4
"""From this day on a customer's `zip` is text, and no whole number."""
NO_REFERRER_DAY: Final = 4
"""From this day on events bear no `referrer`."""
TAG_LIST_DAY: Final = 5
"""From this day on the `tag` of a ticket is a list."""
TEXT_QUANTITY_DAY: Final = 5
"""From this day on the `quantity` of an item is text."""
TAGS_DAY: Final = 6
"""From this day on that list is called `tags`."""
META_DAY: Final = 5
"""From the end of this day on Meta answers no more in its old version."""
LAST_DAY: Final = 6
"""After this day nothing changes its shape any more."""


@dataclass(frozen=True, slots=True)
class SalesMarketing:
    """One company; equal values live the same life.

    Attributes:
        seed: Chooses the company.
        scale: Multiplies how many visitors come.
        start: Date of day 1, before which lie `PAST_DAYS` days.
    """

    seed: int = 7
    scale: float = 1.0
    start: date = date(2026, 10, 1)

    def __post_init__(self) -> None:
        """Refuse a company that nobody visits.

        Raises:
            ValueError: If `scale` is not above 0.
        """
        if not self.scale > 0:
            message = f"The scale of a company must be above 0, and is {self.scale}. Pass for example scale=1.0."
            raise ValueError(message)

    def minute(self, day: int) -> int:
        """Return the beginning of a day in minutes since 1970; days are counted from 1, and the past is 0 and below.

        Examples:
            >>> SalesMarketing().minute(2) - SalesMarketing().minute(1)
            1440
        """
        return (self.start.toordinal() - EPOCH_ORDINAL + day - 1) * MINUTES_PER_DAY

    def day_of(self, minute: int) -> int:
        """Return the day a minute lies in.

        Examples:
            >>> SalesMarketing().day_of(SalesMarketing().minute(3) + 5)
            3
        """
        return (minute - self.minute(1)) // MINUTES_PER_DAY + 1

    def salt_of(self, kind: str) -> int:
        """Return a number that sets the draws of one kind apart from those of all others."""
        return Company(seed=self.seed).salt(f"sales-marketing/{kind}")


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold; `price` in cents."""

    sku: str
    name: str
    price: int


PRODUCTS: Final = (
    Product("LAMP-01", "Desk lamp", 4_990),
    Product("LAMP-02", "Floor lamp", 12_900),
    Product("CHAIR-01", "Office chair", 24_950),
    Product("DESK-01", "Standing desk", 54_900),
    Product("MAT-01", "Desk mat", 1_995),
    Product("ARM-01", "Monitor arm", 8_925),
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session comes from, as its first request says: `utm` is source, medium and campaign."""

    channel: str
    utm: tuple[str, str, str] | None = None
    referrer: str | None = None


GOOGLE, META, AMAZON = "google_ads", "meta_ads", "amazon_ads"
PLATFORMS: Final = (GOOGLE, META, AMAZON)
UTM: Final = {GOOGLE: ("google", "cpc"), META: ("facebook", "paid_social"), AMAZON: ("amazon", "display")}
"""Source and medium of a session that an advertisement brought."""


@dataclass(frozen=True, slots=True)
class AdCampaign:
    """A campaign as it was set up; `renamed_on` is the day it got its other name, `ends_on` the day it was paused."""

    platform: str
    id: str
    name: str
    objective: str
    budget: int
    renamed_on: int | None = None
    new_name: str = ""
    ends_on: int | None = None


CAMPAIGNS: Final = (
    AdCampaign(GOOGLE, "21000000001", "Search Brand", "SEARCH", 4_000),
    AdCampaign(GOOGLE, "21000000002", "Search Desks", "SEARCH", 9_000, renamed_on=3, new_name="Search Desks EU"),
    AdCampaign(GOOGLE, "21000000003", "Shopping", "SHOPPING", 12_000, ends_on=4),
    AdCampaign(META, "120210000000000001", "Prospecting", "OUTCOME_SALES", 8_000),
    AdCampaign(META, "120210000000000002", "Retargeting", "OUTCOME_SALES", 3_000, renamed_on=2, new_name="Comeback"),
    AdCampaign(AMAZON, "350000000000001", "Sponsored Lamps", "SALES", 5_000),
    AdCampaign(AMAZON, "350000000000002", "Sponsored Chairs", "SALES", 7_000, ends_on=-10),
)
ACCOUNTS: Final = {GOOGLE: "4155550101", META: "20770001", AMAZON: "3312345678901"}
AD_GROUPS: Final = ("Broad", "Exact")

ORGANIC: Final = Origin("organic_search", referrer="https://www.google.com/")
REFERRAL: Final = Origin("referral", referrer="https://deskblog.example/ten-desks")
DIRECT: Final = Origin("direct")
EMAIL: Final = Origin("email", ("newsletter", "email", "autumn-news"))


def paid(campaign: AdCampaign) -> Origin:
    """Return the origin of sessions that a campaign brings; its id is in the tag, since names change."""
    return Origin(campaign.platform, (*UTM[campaign.platform], campaign.id))


FIRST_VISITS: Final = (*(paid(campaign) for campaign in CAMPAIGNS), ORGANIC, ORGANIC, ORGANIC, REFERRAL, DIRECT, DIRECT)
LATER_VISITS: Final = (paid(CAMPAIGNS[0]), paid(CAMPAIGNS[4]), ORGANIC, EMAIL, EMAIL, DIRECT, DIRECT, DIRECT)
