"""How logs of web servers are written, as far as the project says it."""

from __future__ import annotations

import re
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

UNKNOWN_TO_THE_ENGINE = re.compile(r"\(\?(?:[=!]|<[=!]|P=|P>|\()|\\[1-9]|(?<![\\*+?}])[*+?}]\+")
GROUP = re.compile(r"(?<!\\)\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
MOST_GROUPS = 100


class LogSettings(BaseModel):
    """Settings of streams whose files are logs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Logs (`format: log`): how a line is written. An nginx `log_format` (with `$remote_addr`, …), an Apache `LogFormat` (with "
            "`%h`, …), or a regular expression that fits whole lines and names its groups: `(?P<client>[^ ]+) …`. Default: recognised "
            "by the first lines."
        ),
    )
    time_formats: dict[str, str] = Field(
        default_factory=dict,
        description=(
            "Logs with a `pattern:`: columns that are times, and how they are written: `{at: '%Y-%m-%d %H:%M:%S'}`; `%z` is a zone such as +01:00, `%f` "
            "stands for digits of a second; `epoch` means seconds since 1970."
        ),
    )
    time_zone: str = Field(
        default="UTC",
        description=(
            "Logs: the zone of times that are written without one (HAProxy, `pattern:`), such as Europe/Berlin. A time that its "
            "clocks skip, or show twice, goes to quarantine."
        ),
    )

    @field_validator("pattern")
    @classmethod
    def _readable_pattern(cls, value: str | None) -> str | None:
        names = GROUP.findall(value or "")
        if value is None or not names:
            return value
        if UNKNOWN_TO_THE_ENGINE.search(value):
            raise ValueError("a pattern cannot look around, refer back to a group or be possessive")
        try:
            re.compile(GROUP.sub(r"(?P<\1>", value))
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        if len(names) > MOST_GROUPS:
            raise ValueError(f"more than {MOST_GROUPS} groups")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("no time zone that is known here; use a name such as Europe/Berlin") from error
        return value

    @model_validator(mode="after")
    def _times_of_a_pattern(self) -> Self:
        if self.time_formats and self.pattern is None:
            raise ValueError("`time_formats` belongs to a `pattern`")
        return self
