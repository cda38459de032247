"""`lakesmith demo --template sales-marketing`: an app in MongoDB, three ad platforms, analytics and a CRM; six days that change all shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lakesmith.host.files import write_atomically

if TYPE_CHECKING:
    from lakesmith.api import Project
    from lakesmith.cli.demo_stage import Stage
    from lakesmith.simulate.sales_marketing import SalesMarketing
    from lakesmith.simulate.sales_marketing.platforms import Today
    from lakesmith.simulate.sales_marketing.servers import AppDatabase

TEMPLATE = "sales-marketing"
SERVERS = "servers"
RENAME: Final = ("app.customers", "phone", "phone_number")
RENAME_DAY: Final = 4
VARIABLES: Final = {
    "ga4": {"property_id": "GA4_PROPERTY_ID"},
    "google_ads": {
        "customer_id": "GOOGLE_ADS_CUSTOMER_ID",
        "developer_token": "GOOGLE_ADS_DEVELOPER_TOKEN",
        "client_id": "GOOGLE_ADS_CLIENT_ID",
        "client_secret": "GOOGLE_ADS_CLIENT_SECRET",
        "refresh_token": "GOOGLE_ADS_REFRESH_TOKEN",
    },
    "meta_ads": {"account_id": "META_ADS_ACCOUNT_ID", "access_token": "META_ADS_ACCESS_TOKEN"},
    "amazon_ads": {
        "profile_id": "AMAZON_ADS_PROFILE_ID",
        "client_id": "AMAZON_ADS_CLIENT_ID",
        "client_secret": "AMAZON_ADS_CLIENT_SECRET",
        "refresh_token": "AMAZON_ADS_REFRESH_TOKEN",
    },
    "salesforce": {
        "instance_url": "SALESFORCE_URL",
        "client_id": "SALESFORCE_CLIENT_ID",
        "client_secret": "SALESFORCE_CLIENT_SECRET",
    },
}
"""By type of source: the setting, and the variable that the template's project file has for it."""
KEY_FILE: Final = "secrets/ga4.json"


def play(stage: Stage, business: SalesMarketing) -> int:
    """Play the demo; return the exit code."""
    from lakesmith.host import SystemClock
    from lakesmith.simulate.sales_marketing import LAST_DAY
    from lakesmith.simulate.sales_marketing.platforms import Today
    from lakesmith.simulate.sales_marketing.servers import app_database, check_installed, platform_servers

    check_installed()
    clock = SystemClock()
    began = clock.steady_s()
    stage.make(TEMPLATE)
    folder = stage.folder.absolute() / SERVERS
    folder.mkdir()
    today = Today(folder / "today.json")
    today.write(business, 0)
    with app_database(folder / "mongodb") as database, platform_servers(today) as told:
        database.make()
        tell(stage.folder, database.url, told)
        stage.output.say(" MongoDB and the platforms' APIs run on this machine, until the demo ends.", mood="quiet")
        demo = Demo(stage, business, database, today)
        proven = [demo.day(number) for number in range(1, LAST_DAY + 1)]
        demo.goodbye(clock.steady_s() - began)
    return 0 if all(proven) else 1


class Demo:
    """The demo in progress."""

    def __init__(self, stage: Stage, business: SalesMarketing, database: AppDatabase, today: Today) -> None:
        from lakesmith.simulate.sales_marketing import World

        self.stage, self.world, self.database, self.today = stage, World(business), database, today

    def day(self, number: int) -> bool:
        """Let a day pass and run on the next morning; return whether every mart equals the truth."""
        from lakesmith.simulate.sales_marketing.business import META_DAY

        self.stage.title(f"Day {number}: {_TITLES[number]}")
        written = self.database.write(self.world.day(number))
        self.today.write(self.world.business, number)
        told = ", ".join(f"{name} {count:,}" for name, count in written.items())
        self.stage.output.say(f" The app writes {told}")
        if number == RENAME_DAY:
            self._accept()
        if number == META_DAY:
            self._run(number, may_fail=True)
            self._renew_meta()
        self._run(number)
        return self._prove(number)

    def goodbye(self, seconds: float) -> None:
        """Say where to look."""
        folder, say = self.stage.folder, self.stage.output.say
        self.stage.title(f"Done in {seconds:.0f} s")
        say(f" The page       {self.stage.page}")
        say(f" The console    http://localhost:8686 once `lakesmith ui --project {folder}` serves it")
        say(f" Look around    cd {folder} && lakesmith drift")
        say('                lakesmith query "select * from marts.mart_acquisition order by month desc, channel"')

    def _accept(self) -> None:
        """Say that a column was renamed, as a person would who saw the candidate."""
        self.stage.output.say(f" $ lakesmith drift accept {' '.join(RENAME)}", mood="quiet")
        self._open(RENAME_DAY).accept_rename(*RENAME)

    def _renew_meta(self) -> None:
        """Do what the error says: ask in a newer version."""
        from lakesmith.simulate.apis.meta_ads import VERSION
        from lakesmith.simulate.sales_marketing.platforms import OLD_META

        self.stage.output.say(
            f" What Meta's figures are not in was built; the rest keeps its last good version. In lakesmith.yml {OLD_META} becomes {VERSION}:",
            mood="quiet",
        )
        file = self.stage.folder / "lakesmith.yml"
        write_atomically(file, file.read_text(encoding="utf-8").replace(OLD_META, VERSION))

    def _open(self, number: int) -> Project:
        from lakesmith.cli.demo_time import open_on

        morning = datetime.combine(
            self.world.business.start + timedelta(days=number), time(6), UTC
        )  # fmt: skip
        return open_on(self.stage.folder, morning, tuple(VARIABLES))

    def _run(self, number: int, *, may_fail: bool = False) -> None:
        on = self.world.business.start + timedelta(days=number - 1)
        if self.stage.run(on, project=self._open(number), may_fail=may_fail).state == "stopped":
            raise KeyboardInterrupt

    def _prove(self, number: int) -> bool:
        from lakesmith.simulate.sales_marketing import SALES_MARKETING_MARTS, sales_marketing_truth

        truth = sales_marketing_truth(self.world.business, range(1, number + 1))
        return self.stage.prove(truth, SALES_MARKETING_MARTS)


def tell(folder: Path, mongo_url: str, told: Mapping[str, Mapping[str, Any]]) -> None:
    """Tell a project of the template where its systems are: credentials in `.env`, addresses in the project file.

    Args:
        folder: The project's.
        mongo_url: The app's database.
        told: By type of source its settings.
    """
    variables, file = {"MONGO_URL": mongo_url}, folder / "lakesmith.yml"
    text = file.read_text(encoding="utf-8")
    for name, settings in told.items():
        known = VARIABLES[name]
        variables |= {variable: str(settings[setting]) for setting, variable in known.items()}
        here = {setting: value for setting, value in settings.items() if setting not in {*known, "service_account"}}
        lines = [f"    {setting}: {json.dumps(value)}\n" for setting, value in here.items()]
        first = f"    type: {name}\n"
        text = text.replace(first, f"{first}{''.join(lines)}    allow_hosts: [127.0.0.1]\n")
    write_atomically(file, text)
    for path, content in (
        (folder / ".env", "".join(f"{name}={value}\n" for name, value in variables.items())),
        (folder / KEY_FILE, str(told["ga4"]["service_account"])),
    ):
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, content)
        path.chmod(0o600)


_TITLES: Mapping[int, str] = {
    1: "everything is read for the first time",
    2: "the app gives items a discount and customers a consent, without a word; an ad campaign gets another name",
    3: "`phone` is `phone_number` from now on, and an order's total is text with its currency",
    4: "the rename is accepted; postal codes are text, and events say no referrer any more",
    5: "a ticket's tag is a list, quantities are text; and Meta retires the version of its API that is asked for",
    6: "the list of tags is called `tags`",
}
