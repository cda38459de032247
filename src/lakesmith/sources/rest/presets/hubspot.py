"""HubSpot: what `hubspot.yml` cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr, model_validator

from lakesmith.model.streams import StreamSpec
from lakesmith.sources.rest.presets.base import Preset, PresetSource, PresetStreamOptions
from lakesmith.sources.rest.presets.missing import how_to_get
from lakesmith.sources.rest.settings.part import Texts

Name = Annotated[str, Field(pattern=r"^\w[\w-]*$")]
PROPERTIES = {
    "contacts": (
        "email",
        "firstname",
        "lastname",
        "phone",
        "company",
        "lifecyclestage",
        "hs_lead_status",
        "hubspot_owner_id",
    ),
    "companies": (
        "name",
        "domain",
        "industry",
        "country",
        "city",
        "numberofemployees",
        "annualrevenue",
        "lifecyclestage",
    ),
    "deals": ("dealname", "amount", "closedate", "dealstage", "pipeline", "dealtype", "hubspot_owner_id"),
}
"""What is asked for where nobody says which properties."""


class HubSpotOptions(Preset):
    """Settings of a source of `type: hubspot`."""

    token: SecretStr | None = Field(default=None, description="The token of a private app.")
    client_id: str | None = Field(default=None, min_length=1, description="In its place: the client of a public app,")
    client_secret: SecretStr | None = Field(default=None, description="its secret,")
    refresh_token: SecretStr | None = Field(default=None, description="and the refresh token of this account.")
    token_url: str = Field(default="https://api.hubapi.com/oauth/v1/token", description="Where tokens are asked for.")

    @model_validator(mode="after")
    def _one_way(self) -> HubSpotOptions:
        app = (self.client_id, self.client_secret, self.refresh_token)
        if (self.token is None) != all(part is not None for part in app):
            raise ValueError(f"takes either `token`, or the three of a public app: {how_to_get('hubspot', 'token')}")
        return self

    @property
    def auth(self) -> dict[str, Any]:
        """How HubSpot is told who is asking."""
        if self.token is not None:
            return {"type": "bearer", "token": self.token}
        app = {"client_id": self.client_id, "client_secret": self.client_secret, "refresh_token": self.refresh_token}
        return {"type": "oauth_refresh", "token_url": self.token_url, **app}


class HubSpotStreamOptions(PresetStreamOptions):
    """Settings of one kind of object."""

    object: Name | None = Field(
        default=None, description="The object: `tickets`, `2-1234567` (a custom one); the stream's name when left out."
    )
    properties: Texts = Field(
        default=(), description="The properties, by their internal names; a few of each object when left out."
    )
    archived: bool = Field(default=False, description="Read the archived records, in the place of those in use.")
    search: bool = Field(
        default=False,
        description="Read what changed since the last load, by the search API; otherwise all records, each time.",
    )


class HubSpotSource(PresetSource):
    """Contacts, companies, deals and other objects."""

    Options: ClassVar[type[HubSpotOptions]] = HubSpotOptions
    StreamOptions: ClassVar[type[PresetStreamOptions]] = HubSpotStreamOptions
    preset: ClassVar[str] = "hubspot"

    def places(self, stream: StreamSpec) -> Mapping[str, Any]:
        """Return what the YAML's places of such a stream stand for."""
        name = stream.options.object or stream.id.name
        modified = "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"
        wanted = stream.options.properties or PROPERTIES.get(name, ())
        return {
            "object": name,
            "modified": modified,
            "properties": [*dict.fromkeys(("hs_object_id", "createdate", modified, *wanted))],
        }

    def template(self, stream: StreamSpec) -> str:
        """Return the name of what the YAML says of such a stream."""
        return "search" if stream.options.search else super().template(stream)
