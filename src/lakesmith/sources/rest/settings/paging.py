"""How an API hands out more than one page."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from lakesmith.sources.rest.settings.part import Part, Text

PARAM = {"page": "page", "offset": "offset", "cursor": "cursor"}


class PagingOptions(Part):
    """How the next page is asked for, and when there is none."""

    type: Literal["none", "page", "offset", "cursor", "link", "next_url"] = Field(
        default="none",
        description=(
            "`none`: all in one answer. `page`, `offset`: counted here. `cursor`: a word in the answer that the next request sends. "
            "`link`: the header `Link` with `rel=next`. `next_url`: an address in the answer."
        ),
    )
    param: Text | None = Field(
        default=None, description="What number or cursor is sent as; `page`, `offset` or `cursor` when left out."
    )
    into: Literal["query", "body"] = Field(
        default="query", description="Where it is sent: `body` for a path in the body, such as `page.after`."
    )
    first: int = Field(default=1, description="The number of the first page (`type: page`).")
    size: int | None = Field(default=None, ge=1, description="How many records a page has; needed for `offset`.")
    size_param: Text | None = Field(default=None, description="What the size is sent as; it is not sent when left out.")
    next: Text | None = Field(
        default=None,
        description="Where the answer has the cursor or address of the next page: a path such as `paging.next`, `header:Name`, or `last:id` for a field of the last record.",
    )
    first_value: Any = Field(
        default=None, description="The cursor of the first page; none is sent when left out (`type: cursor`)."
    )
    more: Text | None = Field(
        default=None, description="Where the answer says whether there is more; false, or nothing there, ends it."
    )
    total: Text | None = Field(
        default=None,
        description="Where the answer says how many records there are in all. They are counted: a load to which some are missing fails.",
    )
    count: Text | None = Field(
        default=None,
        description="Where the answer says how many records this page has, such as `header:Sforce-NumberOfRecords`: one with more or fewer is broken, and asked for again.",
    )
    pages: Text | None = Field(
        default=None, description="Where the answer says how many pages there are (`type: page`)."
    )
    stop: Literal["empty", "short"] = Field(
        default="empty",
        description="`page` and `offset` without `total` or `pages` end at the first empty page, or at one with fewer than `size` records.",
    )
    max_pages: int = Field(default=100_000, ge=1, description="After how many pages it must be a mistake.")
    stable: bool | None = Field(
        default=None,
        description=(
            "Whether records keep their places while they are read, so that a load can go on in the middle. Default: true for "
            "`cursor`, `link` and `next_url`. Where they do not, all pages are read before the first is loaded, and once more if they do not add up."
        ),
    )

    @model_validator(mode="after")
    def _goes_together(self) -> PagingOptions:
        if self.type == "offset" and self.size is None:
            raise ValueError("`offset` needs the `size` of a page")
        if self.type in ("cursor", "next_url") and self.next is None:
            raise ValueError(f"`{self.type}` needs `next`: where the answer says how to go on")
        if self.stop == "short" and self.size is None:
            raise ValueError("`stop: short` needs the `size` of a page")
        return self

    @property
    def is_stable(self) -> bool:
        """Whether a load can go on in the middle."""
        return self.type in ("cursor", "link", "next_url") if self.stable is None else self.stable

    @property
    def sent_as(self) -> str:
        """What number or cursor is sent as."""
        return self.param or PARAM.get(self.type, "")
