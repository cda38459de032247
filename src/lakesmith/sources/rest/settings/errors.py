"""What an API's own errors mean."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from lakesmith.sources.rest.settings.part import Numbers, Part, Text, check_pattern

Meaning = Literal["retry", "throttle", "renew", "auth", "permission", "config", "missing", "empty"]


class ErrorRule(Part):
    """A kind of answer, and what it means. The first rule that fits an answer decides; then its status does."""

    status: Numbers = Field(default=(), description="The status codes it is about, also 200; any when left out.")
    path: Text | None = Field(
        default=None,
        description="Where the answer has the error's code or message, such as `error.code` or `error.errors.0.reason`; the whole body when left out.",
    )
    matches: Annotated[str, AfterValidator(check_pattern)] | None = Field(
        default=None, description="A regular expression that is searched in it; anything that is there when left out."
    )
    meaning: Meaning = Field(
        alias="as",
        description=(
            "`retry`: it passes. `throttle`: too many requests, all wait. `renew`: the token is too old. `auth`: the credentials are not "
            "accepted. `permission`: they may not do this. `config`: the request is wrong. `missing`: there is no such thing. "
            "`empty`: no records, and no error."
        ),
    )
    wait: Text | None = Field(
        default=None, description="Where the answer says how many seconds to wait: a path, or `header:Name`."
    )
    fix: str = Field(default="", description="What a person should do about it, in the error's text.")

    @model_validator(mode="after")
    def _says_something(self) -> ErrorRule:
        if not self.status and self.path is None and self.matches is None:
            raise ValueError("needs `status`, `path` or `matches`")
        return self
