"""A message in the forms that channels take: plain text, HTML, blocks of Slack, JSON. Pure."""

from __future__ import annotations

import html
import json
from dataclasses import asdict
from typing import Any

from lakesmith.monitor.alerts.values import Note

SUBJECT, HEADER, LINE, SECTION = 180, 150, 220, 2900
"""The longest subject of a mail, and notification, line and section of Slack, in characters."""

COLOURS = {"error": "#b3261e", "warn": "#8a5a00", "resolved": "#1b6e3c", "good": "#1b6e3c"}


def one_line(text: str, longest: int = SUBJECT) -> str:
    r"""Return a text without line breaks and other controls, cut where it is too long.

    Examples:
        >>> one_line("a\r\nBcc: b"), one_line("abcdef", 4)
        ('a Bcc: b', 'abc…')
    """
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def to_text(note: Note) -> str:
    """Return a message as plain text; the first line says it all."""
    width = max((len(word) for word, _ in note.lines), default=0)
    lines = [f"{word + ':':<{width + 1}} {one_line(text, SECTION)}" for word, text in note.lines]
    about = f"{note.project}, target {note.target}"
    return "\n".join([one_line(note.headline, SECTION), "", *lines, "", f"{note.link}", about, ""])


def to_html(note: Note) -> str:
    """Return a message as simple HTML that loads nothing."""
    rows = "".join(
        f'<tr><td style="padding:2px 12px 2px 0;color:#666;vertical-align:top">{html.escape(word)}</td>'
        f'<td style="padding:2px 0">{html.escape(one_line(text, SECTION))}</td></tr>'
        for word, text in note.lines
    )
    link = html.escape(note.link)
    where = f'<a href="{link}">{link}</a>' if note.link.startswith(("https://", "http://")) else f"<code>{link}</code>"
    colour = COLOURS.get(note.severity, "#333")
    return (
        '<!doctype html><html><body style="font-family:sans-serif;font-size:14px;color:#222">'
        f'<p style="border-left:4px solid {colour};padding-left:8px"><b>{html.escape(one_line(note.headline, SECTION))}</b></p>'
        f"<table>{rows}</table><p>{where}</p>"
        f'<p style="color:#666">{html.escape(note.project)}, target {html.escape(note.target)}</p></body></html>'
    )


def to_slack(note: Note) -> dict[str, Any]:
    """Return a message as Slack takes it: text for notifications, and blocks."""
    text = "\n".join(f"*{_slack(word)}*  {_slack(one_line(said, LINE))}" for word, said in note.lines)
    link = _slack(note.link)
    where = f"<{link}>" if note.link.startswith(("https://", "http://")) else f"`{link}`"
    sections = [text] if text else []
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{_slack(one_line(note.headline, LINE * 2))}*"}},
        *({"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in sections),
    ]
    about = f"{where}  ·  {_slack(note.project)}, target {_slack(note.target)}"
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": about}]})
    return {"text": _slack(one_line(note.headline, HEADER)), "blocks": blocks}


def to_json(note: Note, delivery_id: str) -> bytes:
    """Return a message for programs."""
    facts = asdict(note) | {"id": delivery_id, "lines": [{"word": word, "text": text} for word, text in note.lines]}
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _slack(text: str) -> str:
    """Return a text in which Slack sees neither links nor people to call."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
