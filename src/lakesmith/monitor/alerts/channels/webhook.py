"""A program of somebody's own: JSON, signed, with a key by which it knows a message that comes twice."""

from __future__ import annotations

import hashlib
import hmac

from lakesmith.monitor.alerts.channels.connecting import post
from lakesmith.monitor.alerts.channels.outcome import carefully, of_answer
from lakesmith.monitor.alerts.forms import to_json
from lakesmith.monitor.alerts.values import Note, Sent
from lakesmith.project.alerting import WebhookChannel


def send(channel: WebhookChannel, note: Note, delivery_id: str, timestamp: int) -> Sent:
    """Send one message; whatever goes wrong is what comes back. `timestamp` is the time in seconds since 1970."""
    body = to_json(note, delivery_id)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": delivery_id,
        "Lakesmith-Timestamp": str(timestamp),
        "Lakesmith-Signature": sign(channel.secret, timestamp, body),
    }
    return carefully(lambda: of_answer(post(channel.url, body, headers, private=channel.private)))


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA256 over the timestamp, a full stop and the body.

    Examples:
        >>> sign("key", 0, b"{}")[:10]
        'v1=7314351'
    """
    code = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={code.hexdigest()}"
