"""Which part of an API's records a load asks for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from lakesmith.project.times import check_timezone
from lakesmith.sources.rest.settings.part import Duration, Part, Text

DAY = timedelta(days=1)
FORMATS = ("date", "iso", "epoch", "epoch_ms")
TOLD_APART = ((2001, 1, 1), (2001, 1, 2), (2001, 2, 1), (2002, 1, 1))


def _check_format(form: str) -> str:
    if form in FORMATS:
        return form
    days = [datetime(year, month, day, tzinfo=UTC) for year, month, day in TOLD_APART]
    if len({day.strftime(form) for day in days}) < len(days):
        raise ValueError(
            f"should be one of {', '.join(FORMATS)}, or a pattern that tells each day from all others, such as %Y%m%d"
        )
    return form


class IncrementalOptions(Part):
    """Windows of whole days, or everything from the last value of a cursor on."""

    start: date | Duration | None = Field(
        default=None,
        description="The first day, `2024-01-01`, or how many days before the first load, `90d`. Windows need it; a cursor begins there, or with everything.",
    )
    window: Duration | None = Field(
        default=None,
        description="How many days one request is about: `1d`, `7d`. Each window is read on its own; `1d` without a cursor.",
    )
    cursor: Text | None = Field(
        default=None,
        description="The field, or its path, that grows with every record that is new or changed. A load asks from its last value on.",
    )
    look_back: Duration | None = Field(
        default=None,
        description=(
            "How far back each load asks again: windows whose figures are restated (`28d`), records that come late. Needs `mode: "
            "dedupe` and a key, or a cursor, whose records are told apart by themselves."
        ),
    )
    format: Annotated[Text, AfterValidator(_check_format)] = Field(
        default="date",
        description="How days and times are written: `date` (2024-01-31), `iso` (2024-01-31T00:00:00Z), `epoch`, `epoch_ms`, or a pattern such as `%Y%m%d`.",
    )
    until: Literal["included", "excluded"] = Field(
        default="included",
        description="Whether what `{until}` says belongs to the window. A format with a time says its last moment then, else the midnight after it.",
    )
    timezone: Annotated[str, AfterValidator(check_timezone)] = Field(
        default="UTC", description="The time zone of the account: when its day is over."
    )
    asks_all: bool = Field(
        default=False,
        description="Windows: whether it is meant that no request says `{since}` or `{until}`, so that each window brings whatever the API has then.",
    )
    today: bool = Field(default=False, description="Whether the day that is not over yet is read, too.")

    @model_validator(mode="after")
    def _goes_together(self) -> IncrementalOptions:
        if self.cursor is None and self.start is None:
            raise ValueError("windows need `start`: the first day that is loaded")
        if self.cursor is not None and self.window is not None:
            raise ValueError("takes either `window` or `cursor`")
        if self.window is not None and self.window % DAY:
            raise ValueError("`window` should be whole days")
        if self.cursor is None and self.look_back is not None and self.look_back % DAY:
            raise ValueError("`look_back` of windows should be whole days")
        return self

    @property
    def is_windows(self) -> bool:
        """Whether it asks by whole days."""
        return self.cursor is None

    @property
    def days(self) -> int:
        """How many days a window has."""
        return (self.window or DAY).days
