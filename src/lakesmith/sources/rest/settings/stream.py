"""What can be said about one stream of an HTTP API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from lakesmith.project.settings import ColumnType
from lakesmith.sources.rest.flow.places import names_in
from lakesmith.sources.rest.settings.asking import AskOptions
from lakesmith.sources.rest.settings.errors import ErrorRule
from lakesmith.sources.rest.settings.incremental import IncrementalOptions
from lakesmith.sources.rest.settings.jobs import JobOptions
from lakesmith.sources.rest.settings.paging import PagingOptions
from lakesmith.sources.rest.settings.part import Part, Text, Texts


def _check_where(text: str) -> str:
    if not text.strip():
        raise ValueError("a path is not empty; `.` means the top of the answer")
    return text.strip()


class ParentOptions(Part):
    """The stream whose records this one is asked for, one after the other."""

    stream: Text = Field(description="The other stream, of the same source. All of it is read.")
    fields: dict[Text, Text] = Field(
        description="Columns that each record gets, and the field of the parent's record that they are from: `{campaign_id: id}`. A request names these fields, `{parent.id}`."
    )


class RestStreamOptions(AskOptions):
    """Settings of one stream: what is asked, where in the answer its records are, how they go on."""

    records: Annotated[str, AfterValidator(_check_where)] = Field(
        default=".",
        description="Where in the answer the records are: `data.items`, `/data/items` (a JSON pointer), `.` for the top.",
    )
    expects: Text | None = Field(
        default=None,
        description="What every good answer has beside its records, as a path; one without it is broken. For APIs that leave the list out where it is empty.",
    )
    format: Literal["json", "jsonl", "csv"] = Field(
        default="json", description="How the answer is written; packed with gzip or not."
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="CSV: what separates values; found out when left out."
    )
    ends_lines: bool = Field(
        default=False,
        description="CSV and JSON lines: whether the last line has an end, too. An answer without it was cut off then, and is asked for again.",
    )
    paging: PagingOptions = Field(default=PagingOptions(), description="How the next page is asked for.")
    incremental: IncrementalOptions | None = Field(
        default=None, description="Which part is asked for; everything, each time, when left out."
    )
    parent: ParentOptions | None = Field(default=None, description="The stream whose records this one belongs to.")
    jobs: JobOptions | None = Field(default=None, description="The report that has to be ordered first.")
    variables: dict[Text, Any] = Field(
        default_factory=dict, description="Values for places of this stream, beside those of the source: `{fields}`."
    )
    errors: tuple[ErrorRule, ...] = Field(
        default=(), description="What the API's errors mean; those of the source follow them."
    )
    flatten: bool = Field(
        default=False, description="Make a column of each part of an object: `campaign.id`. Lists stay lists."
    )
    types: dict[Text, ColumnType] = Field(
        default_factory=dict,
        description="Types of fields that the API writes as something else, by the API's own names: `{cost: long, day: date}`. Values that do not fit are kept as they came, beside them.",
    )
    select: Texts = Field(default=(), description="The fields to keep; all when left out.")
    exclude: Texts = Field(default=(), description="Fields that are left out.")
    keep_responses: bool = Field(
        default=False, description="Keep each record as it came, in the text column `_response`."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> RestStreamOptions:
        if self.parent is not None and self.incremental is not None:
            raise ValueError("takes either `parent` or `incremental`")
        if self.select and self.exclude:
            raise ValueError("`select` and `exclude` say the same thing in two ways: keep one of them")
        if isinstance(self.incremental, IncrementalOptions):  # of a preset, it may be a part of one only
            self._asks_for(self.incremental)
        if isinstance(self.parent, ParentOptions) and not any(name.startswith("parent.") for name in self._places()):
            fields = ", ".join(f"{{parent.{field}}}" for field in self.parent.fields.values())
            raise ValueError(
                f"names no field of its `parent` in a request, which would bring the same records for each; write {fields} in `path`, `params` or `body`"
            )
        return self

    def _asks_for(self, incremental: IncrementalOptions) -> None:
        if incremental.cursor and self.format == "csv":
            raise ValueError("a `cursor` needs records of JSON")
        if incremental.is_windows and not incremental.asks_all and not {"since", "until"} & self._places():
            raise ValueError(
                "has windows, and no request that says `{since}` or `{until}`: each window would bring all records. "
                "Write them in `params`, `path` or `body`; if the API needs neither, say `incremental: {asks_all: true}`"
            )

    def _places(self) -> set[str]:
        """Return the names of all places in the requests of this stream."""
        asks = [self, *([self.jobs.submit, self.jobs.poll] if isinstance(self.jobs, JobOptions) else [])]
        return names_in([(ask.path, ask.params, ask.headers, ask.body) for ask in asks])
