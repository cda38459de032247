"""How an API is told who is asking."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from lakesmith.sources.rest.settings.part import Part, Text


class BearerAuth(Part):
    """A token that does not change."""

    type: Literal["bearer"] = Field(description="A token in the header `Authorization`.")
    token: SecretStr = Field(description="The token.")
    scheme: Text = Field(default="Bearer", description="The word before it.")


class KeyAuth(Part):
    """A key in a header or in the address."""

    type: Literal["key"] = Field(description="A key in a header or a parameter.")
    value: SecretStr = Field(description="The key.")
    header: Text | None = Field(default=None, description="The header that it goes into.")
    query: Text | None = Field(default=None, description="The parameter of the address that it goes into.")

    @model_validator(mode="after")
    def _one_place(self) -> KeyAuth:
        if (self.header is None) == (self.query is None):
            raise ValueError("takes either `header` or `query`")
        return self


class BasicAuth(Part):
    """A user and a password."""

    type: Literal["basic"] = Field(description="User and password.")
    user: str = Field(description="The user.")
    password: SecretStr = Field(default=SecretStr(""), description="The password.")


class OauthClientAuth(Part):
    """A token that a client asks for in its own name (OAuth 2 client credentials)."""

    type: Literal["oauth_client"] = Field(description="A token asked for with a client's own id and secret.")
    token_url: Text = Field(description="Where tokens are asked for.")
    client_id: Text = Field(description="The client.")
    client_secret: SecretStr = Field(description="Its secret.")
    scope: str | None = Field(default=None, description="What the token is for.")
    in_header: bool = Field(default=False, description="Send id and secret as user and password, not in the form.")
    fields: dict[Text, str] = Field(default_factory=dict, description="What else the form needs, such as `audience`.")
    header: Text = Field(default="Authorization", description="The header that the token goes into.")
    scheme: str = Field(default="Bearer", description="The word before it; empty for none.")


class OauthRefreshAuth(Part):
    """A token that is had for a refresh token (OAuth 2), which a person granted once."""

    type: Literal["oauth_refresh"] = Field(description="A token asked for with a refresh token.")
    token_url: Text = Field(description="Where tokens are asked for.")
    client_id: Text = Field(description="The client.")
    client_secret: SecretStr | None = Field(default=None, description="Its secret.")
    refresh_token: SecretStr = Field(description="The refresh token.")
    in_header: bool = Field(default=False, description="Send id and secret as user and password, not in the form.")
    fields: dict[Text, str] = Field(default_factory=dict, description="What else the form needs.")
    header: Text = Field(default="Authorization", description="The header that the token goes into.")
    scheme: str = Field(default="Bearer", description="The word before it; empty for none.")


class ServiceAccountAuth(Part):
    """A token that a service account asks for with a signed note (JWT, RS256), as Google has it."""

    type: Literal["service_account"] = Field(description="A token asked for with the key of a service account.")
    key: SecretStr = Field(description="The JSON of the key: `${file:key.json}` or `${env:KEY}`.")
    scope: Text = Field(description="What the token is for, by the words of the API's documentation.")
    subject: str | None = Field(default=None, description="The user in whose name it works, where that was delegated.")
    token_url: Text | None = Field(default=None, description="Where tokens are asked for, if not where the key says.")


Auth = Annotated[
    BearerAuth | KeyAuth | BasicAuth | OauthClientAuth | OauthRefreshAuth | ServiceAccountAuth,
    Field(discriminator="type"),
]
