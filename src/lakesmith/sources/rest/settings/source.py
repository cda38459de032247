"""What can be said about an HTTP API as a whole."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from lakesmith.sources.rest.settings.auth import Auth
from lakesmith.sources.rest.settings.errors import ErrorRule
from lakesmith.sources.rest.settings.part import Part, Text, Texts


class RateOptions(Part):
    """How fast an API may be asked, by all streams of the source together."""

    requests: int = Field(default=10, ge=1, description="How many requests may be made …")
    per_s: float = Field(default=1, gt=0, description="… in so many seconds.")
    concurrent: int = Field(
        default=1, ge=1, le=32, description="How many windows of a stream are read at the same time."
    )


class RetryOptions(Part):
    """What is done about faults that pass."""

    attempts: int = Field(default=6, ge=1, le=50, description="How often a request is made before the load fails.")
    first_s: float = Field(
        default=1,
        gt=0,
        description="The longest wait before the second attempt, in seconds. It doubles with each; chance says how much of it is waited.",
    )
    longest_s: float = Field(default=120, gt=0, description="The longest of these waits, in seconds.")
    patience_min: float = Field(
        default=60,
        gt=0,
        description="How long the server may ask to wait (`Retry-After`), in minutes; the load fails if it asks for more.",
    )


class RestOptions(Part):
    """Settings of a source of `type: rest`."""

    base_url: Text = Field(
        description="The address that paths start from, with its scheme (`https`), such as that of `api.example.com/v2`."
    )
    auth: Auth | None = Field(default=None, description="How the API is told who is asking; nothing when left out.")
    headers: dict[Text, SecretStr] = Field(
        default_factory=dict,
        description="Headers of every request to `base_url`; like the credentials, no other host gets them.",
    )
    params: dict[Text, Any] = Field(default_factory=dict, description="Parameters of every request to `base_url`.")
    variables: dict[Text, str] = Field(
        default_factory=dict, description="Values for places in paths, parameters and bodies: `{account}`."
    )
    allow_hosts: Texts = Field(
        default=(),
        description="Hosts in private networks, or on this machine, that may be reached: `127.0.0.1`, `crm.internal`. All others must have public addresses, wherever the API sends us.",
    )
    rate: RateOptions = Field(default=RateOptions(), description="How fast the API may be asked.")
    retries: RetryOptions = Field(default=RetryOptions(), description="What is done about faults that pass.")
    errors: tuple[ErrorRule, ...] = Field(default=(), description="What the API's errors mean, for all streams.")
    connect_timeout_s: float = Field(default=15, gt=0, description="How many seconds connecting may take.")
    read_timeout_s: float = Field(default=120, gt=0, description="How many seconds the next bytes may take.")
    slow_s: float = Field(
        default=120, gt=0, description="A server that sends less than 1 kB in so many seconds is given up."
    )
    max_answer_mb: int = Field(
        default=2_048,
        ge=1,
        description="How large one answer may be, unpacked, in MB. It goes by in pieces: memory does not grow with it.",
    )

    @field_validator("base_url")
    @classmethod
    def _usable(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("should begin with https:// or http:// and name a host")
        if parts.username or parts.password:
            raise ValueError("has no place for a password: use `auth`")
        if parts.query or parts.fragment:
            raise ValueError("ends before `?` and `#`: use `params`")
        return value.rstrip("/")
