"""How CSV is written, as far as the project says it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from lakesmith.sources.files.formats.text.encodings import readable_name

MOST_HEADER_ROWS = 20


class CsvSettings(BaseModel):
    """Settings of streams whose files are CSV."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    delimiter: str | None = Field(
        default=None,
        description="CSV: the one character between fields, `\\t` for a tab. Default: found out from the beginning of each file, among `,` `;` tab `|` `^` `~` and the control characters 1 and 31.",
    )
    quote: str | None = Field(
        default=None,
        description="CSV: the one character around fields that hold delimiters or line ends; doubled inside them. Empty: no quoting. Default: `\"`, or `'` where the beginning of a file leaves no doubt.",
    )
    escape: str | None = Field(
        default=None,
        description="CSV: the one character that takes the meaning from the next one, such as `\\`. Empty: none, a quote is doubled. Default: a backslash where records do not make sense without it, else none.",
    )
    encoding: str = Field(
        default="utf-8",
        description="CSV and fixed width: the encoding, such as utf-8, utf-16, latin-1, cp1252, shift_jis or gb18030. A byte order mark is always recognised. Default: utf-8; where the beginning of a file is not valid UTF-8, found out if the evidence is good.",
    )
    header: bool | int | Literal["auto"] = Field(
        default=True,
        description="CSV: whether the first record holds the column names, or how many do; those of several are joined with blanks. `auto`: unless its values are numbers or days where those below it are. Without names the columns are called column_1, column_2, …",
    )
    skip_blanks: bool | None = Field(
        default=None,
        description='CSV: whether blanks before the quote of a field are passed over, as in `1, "x"`. Default: found out from the beginning of each file.',
    )
    skip_rows: int | None = Field(
        default=None,
        ge=0,
        le=100_000,
        description="CSV and fixed width: how many lines stand before the header and are passed over. Default: found out for CSV, where remarks that begin with `#` or titles of one field stand above a table.",
    )
    skip_footer: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="CSV: how many records at the end of a file, such as totals, are passed over.",
    )
    comment: str | None = Field(
        default=None,
        description="CSV: the one character with which lines begin that are no records, such as `#`. Default: there are none.",
    )
    ragged: Literal["quarantine", "fill"] = Field(
        default="quarantine",
        description="CSV: what happens to records with too few fields: they go to quarantine, or the missing last fields become null. Those with too many always go to quarantine.",
    )
    null_values: tuple[str, ...] = Field(
        default=(),
        description="CSV and fixed width: words that mean no value where they are all of a field and not quoted, such as NA or `\\N`. An empty field without quotes always does.",
    )

    @property
    def encoding_is_set(self) -> bool:
        """Whether the project says which encoding it is."""
        return "encoding" in self.model_fields_set

    @field_validator("delimiter")
    @classmethod
    def _one_delimiter(cls, value: str | None) -> str | None:
        if value is None:
            return None
        return _one("delimiter", "\t" if value in ("\\t", "tab") else value)

    @field_validator("quote")
    @classmethod
    def _one_quote_or_none(cls, value: str | None) -> str | None:
        return _one("quote", value) if value else value

    @field_validator("escape")
    @classmethod
    def _one_escape_or_none(cls, value: str | None) -> str | None:
        # a quote that escapes a quote is a doubled one, which is always understood
        return "" if value == '"' else _one("escape", value) if value else value

    @field_validator("comment")
    @classmethod
    def _one_comment(cls, value: str | None) -> str | None:
        return None if not value else _one("comment", value)

    @field_validator("encoding")
    @classmethod
    def _readable_encoding(cls, value: str) -> str:
        return readable_name(value)

    @field_validator("header")
    @classmethod
    def _some_header(cls, value: int | str) -> int | str:
        if not isinstance(value, str) and not 0 <= value <= MOST_HEADER_ROWS:
            raise ValueError(f"a header has at most {MOST_HEADER_ROWS} rows")
        return value

    @model_validator(mode="after")
    def _distinct_characters(self) -> Self:
        quote = '"' if self.quote is None else self.quote
        marks = [mark for mark in (self.delimiter, quote, self.escape, self.comment) if mark]
        if len({*marks}) < len(marks):
            raise ValueError("delimiter, quote, escape and comment must differ")
        return self


def _one(what: str, value: str) -> str:
    if len(value) != 1 or not value.isascii() or value.isalnum() or value in "\r\n\0":
        raise ValueError(f"a {what} is one ASCII character that is neither a letter, a digit nor a line end")
    return value
