"""Whole projects that load an advertising platform, and what lies in their lake then, read by pyiceberg alone."""

import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pyiceberg.table import StaticTable

import lakesmith
from lakesmith.errors import LakesmithError
from lakesmith.model.loads import Load
from lakesmith.model.streams import Finding
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.serving import ApiServer, Platform

SECRETS = {"service_account", "developer_token", "client_secret", "refresh_token"}
EARLY, LATE = "Etc/GMT+12", "Pacific/Kiritimati"
"""Two zones in which it is never the same day: what is read again once a day is read again by a load that moved to the other."""

TODAY = dt.datetime.now(dt.timezone(-dt.timedelta(hours=12))).date()
QUICK = {"rate": {"requests": 10_000, "per_s": 1, "concurrent": 1}, "retries": {"first_s": 0.001, "longest_s": 0.01}}


def ago(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


@dataclass
class Shop:
    """A project of one source; `quick` is what the tests say of waits."""

    root: Path
    type: str
    streams: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    loads: dict[str, Load] = field(default_factory=dict)

    def reach(self, server: ApiServer, **settings: Any) -> "Shop":
        """Write the project file of a source that reads what a server has."""
        told = server.platform.settings(server.url) | self.settings | settings
        told = {name: value for name, value in told.items() if value is not None}
        for name in SECRETS & set(told):
            (self.root / f"{name}.txt").write_text(told[name])
            told[name] = f"${{file:{name}.txt}}"
        source = {
            "type": self.type,
            "streams": self.streams,
            "allow_hosts": ["127.0.0.1"],
            "timezone": EARLY,
            **QUICK,
            **told,
        }
        project = {"version": 1, "name": "acme", "sources": {"ads": source}}
        (self.root / "lakesmith.yml").write_text(yaml.safe_dump(project, sort_keys=False, default_flow_style=False))
        return self

    def on_the_next_day(self, server: ApiServer, **settings: Any) -> "Shop":
        """Write the project file of the same source where it is another day already."""
        return self.reach(server, timezone=LATE, **settings)

    def run(self) -> list[LakesmithError]:
        """Load; return what went wrong. Whatever did, all rows obey the law of rows."""
        outcome = lakesmith.open(self.root).run().outcome
        for load in outcome.loads:
            counts = load.counts
            assert counts.read == counts.written + counts.quarantined + counts.filtered
        self.loads = {load.stream.name: load for load in outcome.loads}
        return [error for _, error in outcome.errors]

    def repeats(self) -> int:
        """Return how many requests were made again, as the loads of the last run say."""
        said = [notice for load in self.loads.values() for notice in load.notices]
        return sum(int(count) for notice in said for count in re.findall(r"^(\d+) requests? w\w+ made again", notice))

    def check(self) -> list[Finding]:
        """Return what `lakesmith check` says."""
        return list(lakesmith.open(self.root).check())

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """Return all rows of a bronze table in their order, with the system columns."""
        files = sorted(self.root.glob(f"lake/**/{stream}/metadata/*.metadata.json"))
        rows = StaticTable.from_metadata(str(files[-1])).scan().to_arrow().to_pylist() if files else []
        return sorted(rows, key=lambda row: row["_ls_seq"])

    def current(self, stream: str, *key: str) -> dict[Any, dict[str, Any]]:
        """Return the newest row of each key, without the rows of keys that are gone and the system columns."""
        newest = {tuple(row[name] for name in key): row for row in self.rows(stream)}
        return {
            of: {name: value for name, value in row.items() if not name.startswith("_ls_")}
            for of, row in newest.items()
            if row["_ls_op"] != "d"
        }

    def words(self) -> str:
        """Return all that the project wrote down besides its own file and the data."""
        files = [file for file in self.root.glob(".lakesmith/**/*") if file.is_file()]
        return "\n".join(file.read_bytes().decode("utf-8", "replace") for file in files)


def redirected(shop: Shop, platform: Platform, route: str) -> list[LakesmithError]:
    """Load while one answer sends us to another host that speaks the same; nothing of it is loaded, and no credential goes there.

    The load after it is whole: its errors are none. Returns those of the first.
    """
    with ApiServer(platform) as other, ApiServer(platform) as server:
        elsewhere = other.url.replace("127.0.0.1", "localhost") + "/elsewhere"
        server.spoil(Fault("redirect", route, (2,), to=elsewhere))
        errors = shop.reach(server, allow_hosts=["127.0.0.1", "localhost"]).run()
        assert server.spoilt("redirect") == 1
        assert other.heard
        sent = [name for heard in other.heard for name in heard.asked.headers]
        assert not {"authorization", "developer-token", "amazon-advertising-api-clientid"} & set(sent)
        server.spoil()
        assert shop.run() == []
    return errors
