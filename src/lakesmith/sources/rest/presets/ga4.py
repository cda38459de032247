"""Google Analytics 4: what `ga4.yml` cannot say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, Field, SecretStr, model_validator

from lakesmith.model.streams import StreamSpec
from lakesmith.project.times import check_timezone
from lakesmith.sources.rest.presets.base import Preset, PresetSource
from lakesmith.sources.rest.settings.part import Duration

SCOPE: Final = "https://www.googleapis.com/auth/analytics.readonly"


class Ga4Options(Preset):
    """Settings of a source of `type: ga4`."""

    property_id: str = Field(
        pattern=r"^\d+$", description="The number of the property: Google Analytics, Admin, Property details."
    )
    service_account: SecretStr | None = Field(
        default=None, description="The JSON key of a service account that may view the property: `${file:key.json}`."
    )
    client_id: str | None = Field(default=None, description="An OAuth client, in the place of a service account.")
    client_secret: SecretStr | None = Field(default=None, description="Its secret.")
    refresh_token: SecretStr | None = Field(
        default=None, description="A refresh token of a user who may view the property."
    )
    token_url: str = Field(
        default="https://oauth2.googleapis.com/token",
        description="Where a refresh token is turned into one for requests.",
    )
    start: date | Duration = Field(
        default=timedelta(days=90), description="The first day that is loaded, or how long ago that is: `90d`."
    )
    timezone: Annotated[str, AfterValidator(check_timezone)] = Field(
        default="UTC", description="The property's reporting time zone: when its day is over."
    )

    @model_validator(mode="after")
    def _somebody_asks(self) -> Ga4Options:
        if (self.service_account is None) == (self.refresh_token is None):
            raise ValueError("needs either `service_account`, or `client_id`, `client_secret` and `refresh_token`")
        if self.refresh_token is not None and (self.client_id is None or self.client_secret is None):
            raise ValueError("`refresh_token` needs `client_id` and `client_secret`")
        return self

    @property
    def auth(self) -> dict[str, Any]:
        """How a token is asked for."""
        if self.service_account is not None:
            return {"type": "service_account", "key": self.service_account, "scope": SCOPE}
        own = {"client_id": self.client_id, "client_secret": self.client_secret, "refresh_token": self.refresh_token}
        return {"type": "oauth_refresh", "token_url": self.token_url, **own}


class Ga4Source(PresetSource):
    """Reports of one property, a row for each day and combination of dimensions."""

    Options: ClassVar[type[Ga4Options]] = Ga4Options
    preset: ClassVar[str] = "ga4"

    def identity_of(self, stream: StreamSpec) -> tuple[str, ...]:  # noqa: ARG002 - all reports are alike
        """Return what tells the rows of a report apart: all their dimensions."""
        return ("dimensionValues",)

    def rows(self, stream: StreamSpec, record: Mapping[str, Any], beside: Any) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - all reports are alike
        """Yield a record whose values have the names that the answer's headers give them; days as 2026-10-31, whole numbers as such."""
        row: dict[str, Any] = {}
        for header, cell in zip(beside["dimensionHeaders"], record.get("dimensionValues", ()), strict=True):
            value = cell.get("value", "")
            is_day = header["name"] == "date" and len(value) == len("20261031")
            row[header["name"]] = f"{value[:4]}-{value[4:6]}-{value[6:]}" if is_day else value
        for header, cell in zip(beside["metricHeaders"], record.get("metricValues", ()), strict=True):
            value = cell.get("value")
            is_whole = header.get("type") == "TYPE_INTEGER" and str(value).lstrip("-").isdigit()
            row[header["name"]] = int(value) if is_whole else value
        yield row

    def notices(self, stream: StreamSpec, beside: Any) -> Iterable[str]:  # noqa: ARG002 - likewise
        """Yield what Google says of figures that are not exact, and whether its days are other ones than the project's."""
        said = beside.get("metadata", {}) if isinstance(beside, Mapping) else {}
        zone = said.get("timeZone", self.context.options.timezone)
        if zone != self.context.options.timezone:
            yield f"The property's days end by {zone}: write `timezone: {zone}`, or the last day may be read before it is over."
        if said.get("dataLossFromOtherRow"):
            yield "Google put combinations of little traffic together into rows named (other): ask for fewer dimensions."
        if said.get("samplingMetadatas"):
            yield "Google estimated these figures from a sample: ask for shorter windows."
        if said.get("subjectToThresholding"):
            yield "Google may have held back rows that could tell who somebody is."
