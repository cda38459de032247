"""Meta Ads: what `meta_ads.yml` cannot say."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from lakesmith.project.times import check_timezone
from lakesmith.sources.rest.presets.base import Preset, PresetSource
from lakesmith.sources.rest.presets.missing import told_missing
from lakesmith.sources.rest.settings.part import Duration


def _plain(value: object) -> object:
    """Return an account's number as Ads Manager shows it, without the `act_` that the API puts before it."""
    return str(value).removeprefix("act_") if isinstance(value, str | int) else value


class MetaAdsOptions(Preset):
    """Settings of a source of `type: meta_ads`."""

    account_id: Annotated[str, BeforeValidator(_plain), Field(pattern=r"^\d+$")] = Field(
        description="The number of the ad account, with or without `act_`."
    )
    access_token: SecretStr = Field(description="The token of a system user, with the scope `ads_read`.")
    app_secret: SecretStr | None = Field(
        default=None, description="The secret of the app, where the app demands that requests are signed with it."
    )
    version: str = Field(default="v26.0", pattern=r"^v\d+\.\d+$", description="The version of the Marketing API.")
    start: date | Duration = Field(
        default=timedelta(days=90), description="The first day that is loaded, or how long ago that is: `90d`."
    )
    timezone: Annotated[str, AfterValidator(check_timezone)] = Field(
        default="UTC", description="The time zone of the ad account: when its day is over."
    )

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        return told_missing("meta_ads", cls, data)

    @property
    def appsecret_proof(self) -> str | None:
        """What shows that the token is used by the app itself."""
        if self.app_secret is None:
            return None
        token, secret = self.access_token.get_secret_value(), self.app_secret.get_secret_value()
        return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


class MetaAdsSource(PresetSource):
    """Campaigns, ad sets and what they did by day."""

    Options: ClassVar[type[MetaAdsOptions]] = MetaAdsOptions
    preset: ClassVar[str] = "meta_ads"
