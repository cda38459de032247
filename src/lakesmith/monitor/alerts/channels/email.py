"""People, by electronic mail: plain text with a simple HTML twin."""

from __future__ import annotations

import smtplib
import socket
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from lakesmith.monitor.alerts.channels.connecting import TIMEOUT_S, checked, dial, in_time
from lakesmith.monitor.alerts.channels.outcome import carefully
from lakesmith.monitor.alerts.forms import one_line, to_html, to_text
from lakesmith.monitor.alerts.values import Note, Sent
from lakesmith.project.alerting import EmailChannel

WHOLE_S = 10.0
"""So long a mail may take as a whole; each of its steps has `TIMEOUT_S`."""


def send(channel: EmailChannel, note: Note, delivery_id: str, now: datetime) -> Sent:
    """Send one message; whatever goes wrong is what comes back."""
    return carefully(lambda: _send(channel, compose(channel, note, delivery_id, now)))


def compose(channel: EmailChannel, note: Note, delivery_id: str, now: datetime) -> EmailMessage:
    """Return the mail. Its id is that of the delivery, so that one that is sent twice is known as the same."""
    mail = EmailMessage()
    mail["Subject"] = one_line(f"[{note.project}] {note.headline}")
    mail["From"], mail["To"] = channel.sender, ", ".join(channel.to)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{delivery_id}@lakesmith.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(to_text(note))
    mail.add_alternative(to_html(note), subtype="html")
    return mail


def _send(channel: EmailChannel, mail: EmailMessage) -> Sent:
    addresses = checked(channel.host, channel.port, private=channel.private)
    holder: list[socket.socket] = []
    with in_time(holder, WHOLE_S):
        server = _Pinned(channel, addresses, holder)
        try:
            server.connect(channel.host, channel.port)
            server.ehlo()
            if channel.security == "starttls":
                server.starttls(context=ssl.create_default_context())
                holder[:] = [server.sock] if server.sock else []
                server.ehlo()
            if channel.user is not None and channel.password is not None:
                _sign_in(server, channel.user, channel.password)
            refused = server.send_message(mail)
        finally:
            server.close()
    if refused:
        told = f"took it for some recipients, and refused {len(refused)} of {len(channel.to)}"
        return Sent(ok=True, told=told)
    return Sent(ok=True, told="took the mail")


def _sign_in(server: smtplib.SMTP, user: str, password: str) -> None:
    """Sign in with one attempt: a second one by another method, after a refusal, only ends the connection."""
    if "PLAIN" not in str(server.esmtp_features.get("auth", "")).upper().split():
        server.login(user, password)
        return
    server.user, server.password = user, password  # type: ignore[attr-defined,unused-ignore]
    server.auth("PLAIN", server.auth_plain)


class _Pinned(smtplib.SMTP):
    """Connects to addresses that were checked, and asks no name server again."""

    def __init__(self, channel: EmailChannel, addresses: list[str], holder: list[socket.socket]) -> None:
        super().__init__(local_hostname=socket.gethostname() or "localhost", timeout=TIMEOUT_S)
        self._host = channel.host  # whose certificate is proved
        self._channel, self._addresses, self._holder = channel, addresses, holder

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # type: ignore[override,unused-ignore]
        """Return a connection, encrypted from the start where the channel says so."""
        raw = dial(self._addresses, port, timeout)
        self._holder[:] = [raw]
        if self._channel.security != "ssl":
            return raw
        encrypted = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
        self._holder[:] = [encrypted]
        return encrypted
