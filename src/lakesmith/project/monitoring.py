"""What a project says of its watching: where the record of runs is, who owns what, which days are special."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from pydantic import Field, model_validator

from lakesmith.project.sections import Sheet
from lakesmith.project.settings import Duration, Settings, Text, TimeOfDay


class KnownEvent(Settings):
    """Days on which volume is not as usual, and everybody knows why: they neither alarm nor train."""

    name: Text = Field(description="What happens: `black friday`.")
    first_day: date = Field(description="The first day of it.")
    last_day: date | None = Field(default=None, description="The last day of it; the first one when left out.")
    select: Text = Field(default="*", description="Which tables it concerns: `shop.orders`, `shop.*`, `marts.*`.")

    @model_validator(mode="after")
    def _in_order(self) -> KnownEvent:
        if self.last_day is not None and self.last_day < self.first_day:
            raise ValueError("has a `last_day` before its `first_day`")
        return self


class Watch(Settings):
    """How a table, or all that a pattern names, is watched."""

    owner: Text | None = Field(default=None, description="Who is told: a team or a person's mail address.")
    tags: tuple[Text, ...] = Field(default=(), description="Words that routes of alerts choose by.")
    severity: Literal["error", "warn"] = Field(default="error", description="How bad it is when this table is.")
    ready_by: TimeOfDay | None = Field(
        default=None, description="Fresh by this time of day; the schedule's when left out."
    )
    max_age: Duration | None = Field(default=None, description="The oldest its newest load may get: `26h`.")
    event_time: Text | None = Field(
        default=None, description="The column that says when a row happened, for data lateness."
    )
    volume: bool = Field(default=True, description="Whether rows per day are judged.")
    columns: bool = Field(default=True, description="Whether nulls, distinct values, ranges and categories are judged.")


class Prices(Settings):
    """What the resources cost that runs use up; what has no price is counted all the same."""

    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$", description="The currency of all prices: `EUR`.")
    cpu_hour: float | None = Field(default=None, ge=0, description="The price of an hour of one processor at work.")
    idle_hour: float | None = Field(
        default=None, ge=0, description="The price of an hour in which a run waits: for a source, a disk, a database."
    )
    gb_scanned: float | None = Field(
        default=None, ge=0, description="The price of a gigabyte (10^9 bytes) read from sources."
    )
    gb_stored: float | None = Field(
        default=None, ge=0, description="The price of a gigabyte (10^9 bytes) that loads add to the lake."
    )

    @model_validator(mode="after")
    def _has_a_currency(self) -> Prices:
        if self.currency is None and self.model_fields_set & {"cpu_hour", "idle_hour", "gb_scanned", "gb_stored"}:
            raise ValueError("needs a `currency`")
        return self


class MonitorSettings(Settings):
    """The section `monitor`."""

    store: Text | None = Field(
        default=None,
        description="The database of the record of runs, as a reference: `postgresql://…`; a file in `.lakesmith` when left out.",
    )
    keep: Duration = Field(default=timedelta(days=400), description="How long details of runs are kept.")
    calendar: tuple[KnownEvent, ...] = Field(default=(), description="Days on which volume is not as usual.")
    prices: Prices = Field(default_factory=Prices, description="What the resources cost that runs use up.")
    tables: dict[Text, Watch] = Field(
        default_factory=dict,
        description="How tables are watched, by name or pattern: `shop.orders`, `shop.*`, `marts.*`. Later entries win.",
    )


def read_monitor(sheet: Sheet) -> MonitorSettings:
    """Return the section `monitor` of a project; what is wrong with it becomes faults."""
    data = sheet.mapping(sheet.resolved.data.get("monitor"), ("monitor",))
    return sheet.check(MonitorSettings, data or {}, ("monitor",)) or MonitorSettings()
