"""One request, as the project file writes it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from lakesmith.sources.rest.settings.part import Part, Text

PLACES = (
    "`{since}` and `{until}` (see `incremental`), `{parent.FIELD}` (see `parent`), `{job.id}` (see `jobs`) and the names in "
    "`variables` are replaced; `{name:,}` joins a list by commas, `{{` and `}}` are braces"
)


class AskOptions(Part):
    """A request."""

    path: Text | None = Field(
        default=None,
        description=f"The path below `base_url`, or a whole address; {PLACES}. The stream's name when left out.",
    )
    method: Literal["GET", "POST"] = Field(default="GET", description="The method; only those that read are meant.")
    params: dict[Text, Any] = Field(
        default_factory=dict,
        description="Parameters of the address, with the same places; a list is one parameter for each of it, and one whose place has no value is left out.",
    )
    headers: dict[Text, str] = Field(default_factory=dict, description="Headers of this request.")
    body: Any = Field(default=None, description="What is sent as JSON (a mapping or a list), or as a form.")
    body_as: Literal["json", "form"] = Field(default="json", description="How the body is written.")

    @model_validator(mode="after")
    def _is_a_form(self) -> AskOptions:
        if self.body_as == "form" and self.body is not None and not isinstance(self.body, dict):
            raise ValueError("`body_as: form` needs a `body` of names and values")
        return self
