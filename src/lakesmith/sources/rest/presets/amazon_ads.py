"""Amazon Ads: what `amazon_ads.yml` cannot say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, SecretStr

from lakesmith.project.times import check_timezone
from lakesmith.sources.rest.presets.base import Preset, PresetSource
from lakesmith.sources.rest.settings.part import Duration

HOSTS: Final = {"na": "advertising-api", "eu": "advertising-api-eu", "fe": "advertising-api-fe"}


class AmazonAdsOptions(Preset):
    """Settings of a source of `type: amazon_ads`."""

    region: Literal["na", "eu", "fe"] = Field(
        default="eu",
        description="Where the account is: North America, Europe with the Middle East and India, Far East.",
    )
    profile_id: str = Field(
        pattern=r"^\d+$", description="The number of the profile, which is one marketplace of an account."
    )
    client_id: str = Field(min_length=1, description="The client of the security profile (Login with Amazon).")
    client_secret: SecretStr = Field(description="Its secret.")
    refresh_token: SecretStr = Field(
        description="The refresh token, with the scope `advertising::campaign_management`."
    )
    token_url: str = Field(default="https://api.amazon.com/auth/o2/token", description="Where tokens are asked for.")
    start: date | Duration = Field(
        default=timedelta(days=90),
        description="The first day that is loaded, or how long ago that is; Amazon keeps 95 days.",
    )
    timezone: Annotated[str, AfterValidator(check_timezone)] = Field(
        default="UTC", description="The profile's time zone: when its day is over."
    )

    @property
    def region_url(self) -> str:
        """The host of the region."""
        return f"https://{HOSTS[self.region]}.amazon.com"


class AmazonAdsSource(PresetSource):
    """Lists of Sponsored Products, and their reports by day."""

    Options: ClassVar[type[AmazonAdsOptions]] = AmazonAdsOptions
    preset: ClassVar[str] = "amazon_ads"
