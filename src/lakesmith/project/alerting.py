"""Whom a project tells when something needs a person, and by which way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from lakesmith.project.faults import Path, nearest, spell_list
from lakesmith.project.references import has_reference
from lakesmith.project.sections import Sheet
from lakesmith.project.settings import Duration, Identifier, Settings, Text, TimeOfDay, TimeZone

SECTION = "alerts"
_MAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+")
_BEARERS = (("channels", "url", ("slack",)), ("channels", "secret", ("webhook",)), ("channels", "password", ("email",)))


def _check_url(text: str) -> str:
    """Return an address of the web as it is; one that is still a reference has no value here."""
    if has_reference(text):
        return text
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole or not text.isprintable() or " " in text:
        raise ValueError("should be an address that starts with https:// or http://")
    if parts.username is not None:
        raise ValueError("has a user or a password in it, which does not go with an address")
    return text


def _check_mail(text: str) -> str:
    if not has_reference(text) and not _MAIL.fullmatch(text):
        raise ValueError("should be a plain mail address such as data@example.com")
    return text


Url = Annotated[Text, AfterValidator(_check_url)]
Mail = Annotated[Text, AfterValidator(_check_mail)]
_PRIVATE = Field(
    default=False, description="Allow an address in a private network or on this machine; else it is refused."
)


class SlackChannel(Settings):
    """A channel of Slack, by the address of an incoming webhook."""

    type: Literal["slack"] = Field(description="`slack`: an incoming webhook.")
    url: Url = Field(description="The webhook's address, as a reference: whoever knows it can write there.", repr=False)
    private: bool = _PRIVATE


class EmailChannel(Settings):
    """People, by electronic mail."""

    type: Literal["email"] = Field(description="`email`: a mail server, by SMTP.")
    host: Text = Field(description="The mail server.")
    port: int = Field(default=587, gt=0, lt=65536, description="Its port: 587 for `starttls`, 465 for `ssl`.")
    security: Literal["starttls", "ssl", "none"] = Field(
        default="starttls", description="How the connection is encrypted. `none` never sends a password."
    )
    user: Text | None = Field(default=None, description="Who signs in there.")
    password: Text | None = Field(default=None, description="The password, as a reference.", repr=False)
    sender: Mail = Field(description="Whom the mail is from.")
    to: tuple[Mail, ...] = Field(min_length=1, description="Who gets it.")
    private: bool = _PRIVATE

    @model_validator(mode="after")
    def _keeps_the_password(self) -> EmailChannel:
        if (self.user is None) != (self.password is None):
            raise ValueError("takes `user` and `password` together")
        if self.password is not None and self.security == "none":
            raise ValueError("would send the password in clear: use `starttls` or `ssl`")
        return self


class WebhookChannel(Settings):
    """A program of somebody's own, which gets JSON with a signature."""

    type: Literal["webhook"] = Field(description="`webhook`: JSON with a signature over it.")
    url: Url = Field(description="Where it listens.", repr=False)
    secret: Text = Field(description="The key of the signature, as a reference.", repr=False)
    private: bool = _PRIVATE


Channel = Annotated[SlackChannel | EmailChannel | WebhookChannel, Field(discriminator="type")]


class Route(Settings):
    """Where messages about some incidents go. Without conditions it takes all that come so far."""

    name: Text | None = Field(default=None, description="What it is called in lists; its number when left out.")
    owner: Text | None = Field(default=None, description="Only incidents of this owner.")
    tag: Text | None = Field(default=None, description="Only incidents of tables with this tag.")
    severity: Literal["error", "warn"] | None = Field(default=None, description="Only incidents as bad as this.")
    select: Text | None = Field(default=None, description="Only incidents of these tables: `shop.orders`, `shop.*`.")
    channels: tuple[Identifier, ...] = Field(description="Where messages go; none: nowhere.")


class Grouping(Settings):
    """How long messages wait for others."""

    wait: Duration = Field(default=timedelta(seconds=30), description="How long the first message waits for more.")
    update: Duration = Field(default=timedelta(minutes=5), description="The shortest time between two messages.")
    repeat: Duration = Field(default=timedelta(hours=4), description="How often an open incident is told again.")
    storm: int = Field(default=20, ge=2, description="From how many new incidents at once there is one digest.")


class DailyMessage(Settings):
    """A message a day that says that all is well, or what is not."""

    at: TimeOfDay = Field(description="When it is sent: `08:00`.")
    timezone: TimeZone = Field(default="UTC", description="The time zone of `at`.")
    channels: tuple[Identifier, ...] = Field(min_length=1, description="Where it goes.")


class Heartbeat(Settings):
    """A sign of life for somebody outside, who raises the alarm when it stops."""

    url: Url | None = Field(default=None, description="What is asked every so often, as a reference.", repr=False)
    every: Duration = Field(default=timedelta(minutes=5), description="How often.")
    private: bool = _PRIVATE
    daily: DailyMessage | None = Field(default=None, description="A message a day: all is well.")


class AlertsSettings(Settings):
    """The section `alerts`."""

    address: Url | None = Field(
        default=None, description="Where people reach the console, for links in messages: `https://data.example.com`."
    )
    channels: dict[Identifier, Channel] = Field(default_factory=dict, description="Ways to tell somebody, by name.")
    routes: tuple[Route, ...] = Field(default=(), description="Where messages go: the first route that fits wins.")
    default: tuple[Identifier, ...] | None = Field(
        default=None, description="Where messages go that no route takes; every channel when left out."
    )
    grouping: Grouping = Field(default_factory=Grouping, description="How long messages wait for others.")
    heartbeat: Heartbeat = Field(default_factory=Heartbeat, description="A sign of life for somebody outside.")

    @property
    def reaches_anybody(self) -> bool:
        """Whether there is a way to tell somebody, or somebody who waits for signs of life."""
        return bool(self.channels or self.heartbeat.url)

    def fallback(self) -> tuple[str, ...]:
        """Return the channels of what no route takes."""
        return tuple(self.channels) if self.default is None else self.default


def read_alerts(sheet: Sheet) -> AlertsSettings:
    """Return the section `alerts` of a project; what is wrong with it becomes faults."""
    data = sheet.mapping(sheet.resolved.data.get(SECTION), (SECTION,)) or {}
    _need_references(sheet, data)
    settings = sheet.check(AlertsSettings, data, (SECTION,))
    if settings is None:
        return AlertsSettings()
    for path, name in _named_channels(settings):
        if name not in settings.channels:
            known = f": known are {spell_list(tuple(settings.channels))}" if settings.channels else ""
            sheet.fault((SECTION, *path), f'there is no channel "{name}"{known}{nearest(name, settings.channels)}')
    return settings


def _named_channels(settings: AlertsSettings) -> Iterator[tuple[Path, str]]:
    for number, route in enumerate(settings.routes):
        for place, name in enumerate(route.channels):
            yield ("routes", number, "channels", place), name
    for place, name in enumerate(settings.default or ()):
        yield ("default", place), name
    daily = settings.heartbeat.daily
    for place, name in enumerate(daily.channels if daily else ()):
        yield ("heartbeat", "daily", "channels", place), name


def _need_references(sheet: Sheet, data: dict[str, Any]) -> None:
    """Note keys whose value alone lets somebody in, where they stand in the file."""
    channels = data.get("channels")
    entries = channels.items() if isinstance(channels, dict) else ()
    paths: list[Path] = [
        (SECTION, group, name, key)
        for group, key, types in _BEARERS
        for name, entry in entries
        if isinstance(entry, dict) and entry.get("type") in types and isinstance(entry.get(key), str)
    ]
    heartbeat = data.get("heartbeat")
    if isinstance(heartbeat, dict) and isinstance(heartbeat.get("url"), str):
        paths.append((SECTION, "heartbeat", "url"))
    already = ("secret", "password")  # literal ones under such keys are refused with those of the whole file
    for path in paths:
        if path not in sheet.resolved.references and path[-1] not in already:
            sheet.fault(path, f"is a secret: write ${{env:{str(path[-2]).upper()}_URL}} and keep the value in .env")
