"""Salesforce: what `salesforce.yml` cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr, model_validator

from lakesmith.model.streams import StreamSpec
from lakesmith.sources.rest.presets.base import Preset, PresetSource, PresetStreamOptions
from lakesmith.sources.rest.presets.missing import told_missing
from lakesmith.sources.rest.settings.part import Texts

Name = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")]
Address = Annotated[str, Field(pattern=r"^https?://[^/?#]+/?$")]
CUSTOM = "__c"


def object_of(name: str) -> str:
    """Return the API name of the object that a stream's name means; Salesforce takes any case of letters.

    Examples:
        >>> object_of("lead"), object_of("campaign_member"), object_of("visit__c")
        ('Lead', 'CampaignMember', 'Visit__c')
    """
    if name.endswith(CUSTOM):
        return name.removesuffix(CUSTOM).capitalize() + CUSTOM
    return "".join(word.capitalize() for word in name.split("_"))


class SalesforceOptions(Preset):
    """Settings of a source of `type: salesforce`."""

    instance_url: Address = Field(description="The organisation's address, `https://NAME.my.salesforce.com`.")
    client_id: str = Field(min_length=1, description="The consumer key of an external client app.")
    client_secret: SecretStr = Field(description="Its consumer secret.")
    refresh_token: SecretStr | None = Field(
        default=None, description="A refresh token, where the app has no client credentials flow."
    )
    version: str = Field(default="v67.0", pattern=r"^v\d+\.0$", description="The version of the API.")

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        return told_missing("salesforce", cls, data)

    @property
    def address(self) -> str:
        """The organisation's address without a slash at its end."""
        return self.instance_url.rstrip("/")

    @property
    def auth(self) -> dict[str, Any]:
        """How a token is asked for."""
        client = {"token_url": f"{self.address}/services/oauth2/token", "client_id": self.client_id}
        if self.refresh_token is None:
            return {"type": "oauth_client", "client_secret": self.client_secret, **client}
        own = {"client_secret": self.client_secret, "refresh_token": self.refresh_token}
        return {"type": "oauth_refresh", **own, **client}


class SalesforceStreamOptions(PresetStreamOptions):
    """Settings of one object."""

    object: Name | None = Field(
        default=None,
        description="The object's API name, `Visit__c`; what the stream's name means when left out: `campaign_member` is CampaignMember.",
    )
    fields: Texts = Field(
        default=("FIELDS(STANDARD)",),
        description="The fields, by their API names; all standard ones when left out, which custom ones are named beside: `[FIELDS(STANDARD), Region__c]`.",
    )
    bulk: bool = Field(
        default=False,
        description="Read all of the object by a job of Bulk API 2.0, with `mode: replace`; `fields` have to be named.",
    )

    @model_validator(mode="after")
    def _named(self) -> SalesforceStreamOptions:
        if self.bulk and any("(" in field for field in self.fields):
            raise ValueError("`bulk` needs `fields`: Salesforce's jobs take no FIELDS(…)")
        return self


class SalesforceSource(PresetSource):
    """Any object, by the time of its last change or as a whole."""

    Options: ClassVar[type[SalesforceOptions]] = SalesforceOptions
    StreamOptions: ClassVar[type[PresetStreamOptions]] = SalesforceStreamOptions
    preset: ClassVar[str] = "salesforce"

    def places(self, stream: StreamSpec) -> Mapping[str, Any]:
        """Return what the YAML's places of such a stream stand for."""
        return {"object": stream.options.object or object_of(stream.id.name)}

    def template(self, stream: StreamSpec) -> str:
        """Return the name of what the YAML says of such a stream."""
        return "bulk" if stream.options.bulk else super().template(stream)
