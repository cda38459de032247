"""One message over one channel, whatever kind it is."""

from __future__ import annotations

from datetime import datetime

from lakesmith.monitor.alerts.values import Note, Sent
from lakesmith.project.alerting import Channel, EmailChannel, SlackChannel
from lakesmith.project.references import has_reference


def send(channel: Channel, note: Note, delivery_id: str, now: datetime) -> Sent:
    """Send a message; whatever goes wrong is what comes back, and never with an address or a password in it."""
    from lakesmith.monitor.alerts.channels import email, slack, webhook

    if missing(channel):
        return Sent(ok=False, told=f"has no value here for {' and '.join(missing(channel))}")
    if isinstance(channel, SlackChannel):
        return slack.send(channel, note, delivery_id)
    if isinstance(channel, EmailChannel):
        return email.send(channel, note, delivery_id, now)
    return webhook.send(channel, note, delivery_id, int(now.timestamp()))


def missing(channel: Channel) -> list[str]:
    """Return the keys of a channel whose reference has no value on this machine."""
    return [key for key, value in channel.model_dump().items() if isinstance(value, str) and has_reference(value)]
