"""How files of fixed width are written, as far as the project says it."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

WIDEST = 8 * 1024 * 1024
Place = tuple[int, int]


class FixedSettings(BaseModel):
    """Settings of streams whose files are of fixed width."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[str, Place] | None = Field(
        default=None,
        description="Fixed width: the columns, each with the place of its first character (the first of a line is 1) and its width in characters: `{id: [1, 6], name: [7, 20]}`. The file has then no header, unless `header:` says so. What lies outside them is not read.",
    )
    widths: tuple[int, ...] | None = Field(
        default=None,
        description="Fixed width: the widths of all columns in characters, from the beginning of the line. Names are read from the header, in the same places.",
    )

    @field_validator("fields")
    @classmethod
    def _real_places(cls, value: dict[str, Place] | None) -> dict[str, Place] | None:
        for name, (start, width) in (value or {}).items():
            if start < 1 or not 1 <= width <= WIDEST:
                raise ValueError(f"`{name}`: the first character of a line is 1, and a width is at least 1")
        if value is not None and not value:
            raise ValueError("name at least one column, or leave `fields` out")
        return value

    @field_validator("widths")
    @classmethod
    def _real_widths(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and not (value and all(1 <= width <= WIDEST for width in value)):
            raise ValueError("a width is at least 1, and there is at least one")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.fields is not None and self.widths is not None:
            raise ValueError("set `fields` or `widths`, not both")
        return self
