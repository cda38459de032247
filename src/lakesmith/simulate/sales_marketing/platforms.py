"""The company's platforms as HTTP servers: each knows what is known at the end of the day that stands in a file."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from lakesmith.simulate.apis.amazon_ads import AmazonAds
from lakesmith.simulate.apis.book import AdDay, Campaign
from lakesmith.simulate.apis.ga4 import Ga4
from lakesmith.simulate.apis.google_ads import GoogleAds
from lakesmith.simulate.apis.meta_ads import VERSION as META_VERSION
from lakesmith.simulate.apis.meta_ads import MetaAds
from lakesmith.simulate.apis.salesforce import Salesforce
from lakesmith.simulate.apis.serving import Answer, ApiServer, Asked
from lakesmith.simulate.sales_marketing.ads import Account
from lakesmith.simulate.sales_marketing.analytics import Analytics
from lakesmith.simulate.sales_marketing.business import AMAZON, GOOGLE, META, META_DAY, SalesMarketing
from lakesmith.simulate.sales_marketing.crm import Crm
from lakesmith.simulate.sales_marketing.life import Life

OLD_META: Final = "v25.0"
"""The version of Meta's API that is retired on `META_DAY`; the newer one answers all the time."""


@dataclass(frozen=True, slots=True)
class Today:
    """The file in which stands whose world it is, and which day; whoever lives the days writes it."""

    file: Path
    _lives: dict[SalesMarketing, Life] = field(default_factory=dict)

    def write(self, business: SalesMarketing, day: int) -> None:
        """Let it be the end of a day."""
        told = {"seed": business.seed, "scale": business.scale, "start": business.start.isoformat(), "day": day}
        aside = self.file.with_suffix(".new")
        aside.write_text(json.dumps(told), encoding="utf-8")
        aside.replace(self.file)

    def read(self) -> tuple[Life, int]:
        """Return the life, lived until the end of the day, and the day."""
        told = json.loads(self.file.read_text(encoding="utf-8"))
        business = SalesMarketing(told["seed"], told["scale"], date.fromisoformat(told["start"]))
        life = self._lives.setdefault(business, Life(business))
        life.live_through(told["day"])
        return life, told["day"]


@dataclass(frozen=True, slots=True)
class AccountToday:
    """An advertising account, an `AdBook`, whatever day it is."""

    today: Today
    platform: str

    @property
    def account_id(self) -> str:
        """The account's number."""
        return self._account().account_id

    def campaigns(self) -> Sequence[Campaign]:
        """Return all campaigns as they stand now."""
        return self._account().campaigns()

    def days(self, since: date, until: date) -> Sequence[AdDay]:
        """Return what is known now of some days."""
        return self._account().days(since, until)

    def _account(self) -> Account:
        life, day = self.today.read()
        return Account(life.business, self.platform, day)


@dataclass(frozen=True, slots=True)
class RecordsToday:
    """Web analytics or the CRM, `Records`, whatever day it is."""

    today: Today
    kind: type[Analytics | Crm]

    def records(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the records of one kind as they are now."""
        return self.kind(*self.today.read()).records(name)


class AgeingMeta(MetaAds):
    """Meta's API in two versions, until the older one is retired."""

    def __init__(self, book: AccountToday) -> None:
        super().__init__(book)
        self._today = book.today

    def settings(self, url: str) -> dict[str, Any]:
        """Return what a source needs that still asks in the older version."""
        return {**super().settings(url), "base_url": f"{url}/{OLD_META}"}

    def answer(self, asked: Asked) -> Answer:
        """Answer in the older version as in the newer one, while it lasts."""
        version, _, path = asked.path.lstrip("/").partition("/")
        if version == OLD_META and self._today.read()[1] < META_DAY:
            asked = replace(asked, path=f"/{META_VERSION}/{path}")
        return super().answer(asked)


def platforms(today: Today) -> dict[str, Any]:
    """Return the platforms by the type of the source that reads them."""
    return {
        "ga4": Ga4(RecordsToday(today, Analytics)),
        GOOGLE: GoogleAds(AccountToday(today, GOOGLE)),
        META: AgeingMeta(AccountToday(today, META)),
        AMAZON: AmazonAds(AccountToday(today, AMAZON)),
        "salesforce": Salesforce(RecordsToday(today, Crm)),
    }


def serve(today: Today) -> None:
    """Serve until standard input ends; one line of JSON says first how each platform is reached."""
    with contextlib.ExitStack() as stack:
        told = {}
        for name, platform in platforms(today).items():
            server = stack.enter_context(ApiServer(platform))
            told[name] = platform.settings(server.url)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()
