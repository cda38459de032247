"""How CSV is written, as far as the project says it."""

from __future__ import annotations

import codecs
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

BYTE_VALUES = bytes(range(256))
ASCII = bytes(range(128))


class CsvSettings(BaseModel):
    """Settings of streams whose files are CSV."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    delimiter: str | None = Field(
        default=None,
        description="CSV: the one character between fields, `\\t` for a tab. Default: found out from the first lines of each file, among `,` `;` tab `|`.",
    )
    quote: str = Field(
        default='"',
        description="CSV: the one character around fields that hold delimiters or line ends; doubled inside them. Empty: no quoting.",
    )
    encoding: str = Field(
        default="utf-8",
        description="CSV: the encoding, such as utf-8, latin-1 or cp1252 (one byte per character, or UTF-8). A UTF-8 byte order mark is always recognised.",
    )
    header: bool = Field(
        default=True,
        description="CSV: whether the first record holds the column names. Without them the columns are called column_1, column_2, …",
    )

    @field_validator("delimiter")
    @classmethod
    def _one_delimiter(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = "\t" if value in ("\\t", "tab") else value
        if len(value) != 1 or not value.isascii() or value.isalnum() or value in "\r\n\0":
            raise ValueError("a delimiter is one ASCII character that is neither a letter, a digit nor a line end")
        return value

    @field_validator("quote")
    @classmethod
    def _one_quote(cls, value: str) -> str:
        if value and (len(value) != 1 or not value.isascii() or value.isalnum() or value in "\r\n\0"):
            raise ValueError(
                "a quote is one ASCII character that is neither a letter, a digit nor a line end; empty for none"
            )
        return value

    @field_validator("encoding")
    @classmethod
    def _readable_encoding(cls, value: str) -> str:
        try:
            name = codecs.lookup(value).name
            single_byte = len(BYTE_VALUES.decode(name, "replace")) == len(BYTE_VALUES)
            fits = name in ("utf-8", "utf-8-sig") or (single_byte and ASCII.decode(name) == ASCII.decode("ascii"))
        except (LookupError, UnicodeError):
            fits = False
        if not fits:
            raise ValueError(
                "not an encoding that can be read: use utf-8, or one with a single byte per character such as latin-1"
            )
        return "utf-8" if name == "utf-8-sig" else name

    @model_validator(mode="after")
    def _distinct_characters(self) -> Self:
        if self.delimiter is not None and self.delimiter == self.quote:
            raise ValueError("delimiter and quote must differ")
        return self
