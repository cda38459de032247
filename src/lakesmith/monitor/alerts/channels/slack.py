"""Slack, by an incoming webhook."""

from __future__ import annotations

import json

from lakesmith.monitor.alerts.channels.connecting import post
from lakesmith.monitor.alerts.channels.outcome import carefully, of_answer
from lakesmith.monitor.alerts.forms import to_slack
from lakesmith.monitor.alerts.values import Note, Sent
from lakesmith.project.alerting import SlackChannel


def send(channel: SlackChannel, note: Note, delivery_id: str) -> Sent:
    """Send one message; whatever goes wrong is what comes back."""
    body = json.dumps(to_slack(note), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": delivery_id}
    return carefully(lambda: of_answer(post(channel.url, body, headers, private=channel.private)))
