"""Which part of an API's records a load asks for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from lakesmith.project.times import check_timezone
from lakesmith.sources.rest.settings.part import Duration, Part, Text

DAY = timedelta(days=1)


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
    format: Text = Field(
        default="date",
        description="How days and times are written: `date` (2024-01-31), `iso` (2024-01-31T00:00:00Z), `epoch`, `epoch_ms`, or a pattern such as `%Y%m%d`.",
    )
    until: Literal["included", "excluded"] = Field(
        default="included", description="Whether the day `{until}` belongs to the window."
    )
    timezone: Annotated[str, AfterValidator(check_timezone)] = Field(
        default="UTC", description="The time zone of the account: when its day is over."
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
