"""Google Ads: what `google_ads.yml` cannot say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from lakesmith.project.times import check_timezone
from lakesmith.sources.rest.presets.base import Preset, PresetSource
from lakesmith.sources.rest.settings.part import Duration


def _plain(value: object) -> object:
    """Return an account's number without the dashes that Google's pages write it with."""
    return str(value).replace("-", "") if isinstance(value, str | int) else value


Account = Annotated[str, BeforeValidator(_plain), Field(pattern=r"^\d+$")]


class GoogleAdsOptions(Preset):
    """Settings of a source of `type: google_ads`."""

    customer_id: Account = Field(description="The account's number, with or without dashes.")
    login_customer_id: Account | None = Field(
        default=None, description="The number of the manager account through which the account is reached, if it is."
    )
    developer_token: SecretStr | None = Field(
        default=None,
        description="The developer token of a manager account: Admin, API Center. None where a Google Cloud organisation manages access.",
    )
    client_id: str = Field(min_length=1, description="The OAuth client.")
    client_secret: SecretStr = Field(description="Its secret.")
    refresh_token: SecretStr = Field(
        description="The refresh token, with the scope `https://www.googleapis.com/auth/adwords`."
    )
    token_url: str = Field(default="https://oauth2.googleapis.com/token", description="Where tokens are asked for.")
    version: str = Field(default="v25", pattern=r"^v\d+$", description="The version of the API.")
    start: date | Duration = Field(
        default=timedelta(days=90), description="The first day that is loaded, or how long ago that is: `90d`."
    )
    timezone: Annotated[str, AfterValidator(check_timezone)] = Field(
        default="UTC", description="The account's time zone: when its day is over."
    )


class GoogleAdsSource(PresetSource):
    """Campaigns, ad groups and what they did by day."""

    Options: ClassVar[type[GoogleAdsOptions]] = GoogleAdsOptions
    preset: ClassVar[str] = "google_ads"
