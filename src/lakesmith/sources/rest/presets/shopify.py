"""Shopify: what `shopify.yml` cannot say."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, SecretStr, field_validator, model_validator

from lakesmith.sources.rest.presets.base import Preset, PresetSource
from lakesmith.sources.rest.presets.missing import how_to_get, told_missing

HOST = ".myshopify.com"


class ShopifyOptions(Preset):
    """Settings of a source of `type: shopify`."""

    shop: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", description="The shop: NAME of `NAME.myshopify.com`.")
    client_id: str | None = Field(default=None, min_length=1, description="The client id of an app that is installed.")
    client_secret: SecretStr | None = Field(default=None, description="Its secret.")
    access_token: SecretStr | None = Field(
        default=None, description="In the place of these two: the token of an app that was made before 2026."
    )
    token_url: str | None = Field(default=None, description="Where tokens are asked for; at the shop when left out.")
    version: str = Field(default="2026-10", pattern=r"^\d{4}-\d\d$", description="The version of the API.")

    @field_validator("shop", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return value.removeprefix("https://").rstrip("/").removesuffix(HOST) if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        return told_missing("shopify", cls, data)

    @model_validator(mode="after")
    def _one_way(self) -> ShopifyOptions:
        is_app = self.client_id is not None and self.client_secret is not None
        if is_app == (self.access_token is not None):
            how = how_to_get("shopify", "client_id", "client_secret", "access_token")
            raise ValueError(f"takes either `client_id` and `client_secret`, or `access_token`: {how}")
        return self

    @property
    def auth(self) -> dict[str, Any]:
        """How the shop is told who is asking."""
        header = "X-Shopify-Access-Token"
        if self.access_token is not None:
            return {"type": "key", "value": self.access_token, "header": header}
        return {
            "type": "oauth_client",
            "token_url": self.token_url or f"https://{self.shop}{HOST}/admin/oauth/access_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "header": header,
            "scheme": "",
        }


class ShopifySource(PresetSource):
    """Orders, customers and products."""

    Options: ClassVar[type[ShopifyOptions]] = ShopifyOptions
    preset: ClassVar[str] = "shopify"
