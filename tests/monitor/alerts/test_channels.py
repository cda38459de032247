"""Messages over real connections: what arrives, and what comes back when it does not."""

from __future__ import annotations

import email
import hashlib
import hmac
import json
import sys
import time
from datetime import UTC, datetime
from email import policy
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from receivers import WebReceiver, certificate_in, mail_server, silent_server

from lakesmith.monitor.alerts.channels import connecting
from lakesmith.monitor.alerts.channels.sending import missing, send
from lakesmith.monitor.alerts.values import Note
from lakesmith.project.alerting import EmailChannel, SlackChannel, WebhookChannel

NOW = datetime(2026, 11, 17, 6, tzinfo=UTC)
HOSTILE = "shop.<b>&*\r\nBcc: eve@example.com"
NOTE = Note(
    "opened",
    "error",
    f"{HOSTILE}: it is down",
    (("Data", "safe & <sound>"), ("Do", "run")),
    (),
    "lakesmith incidents",
    "acme",
    "prod",
)


def hook(url, *, private=True):
    return WebhookChannel(type="webhook", url=url, secret="the-key", private=private)


def mail(port, **more):
    given = {"type": "email", "host": "localhost", "port": port, "sender": "ls@example.com", "to": ("ada@example.com",)}
    return EmailChannel(**{**given, "security": "none", "private": True, **more})


@pytest.fixture
def web():
    with WebReceiver().serving() as receiver:
        yield receiver


def test_a_webhook_is_signed_over_time_and_body_and_bears_a_key(web):
    sent = send(hook(web.url), NOTE, "d-1", NOW)
    assert (sent.ok, sent.told) == (True, "answered 200")
    [(path, headers, body)] = web.got
    assert path == "/hook/very-secret-path"
    text = headers["Lakesmith-Timestamp"].encode() + b"." + body
    assert headers["Lakesmith-Signature"] == "v1=" + hmac.new(b"the-key", text, hashlib.sha256).hexdigest()
    assert headers["Lakesmith-Timestamp"] == str(int(NOW.timestamp()))
    assert headers["Idempotency-Key"] == "d-1" == json.loads(body)["id"]
    assert json.loads(body)["headline"] == NOTE.headline


def test_slack_sees_neither_links_nor_people_in_names(web):
    assert send(SlackChannel(type="slack", url=web.url, private=True), NOTE, "d-1", NOW).ok
    body = json.loads(web.got[0][2])
    assert "<b>" not in json.dumps(body)
    assert "shop.&lt;b&gt;&amp;* Bcc" in body["text"]
    assert {block["type"] for block in body["blocks"]} == {"section", "context"}


@pytest.mark.parametrize(
    ("status", "final"), [(429, False), (500, False), (503, False), (404, True), (401, True), (302, True), (307, True)]
)
def test_what_comes_back_says_whether_to_try_again(web, status, final):
    web.status, web.headers = status, {"Retry-After": "77", "Location": "http://127.0.0.1:1/steal"}
    sent = send(hook(web.url), NOTE, "d-1", NOW)
    assert (sent.ok, sent.final) == (False, final)
    assert str(status) in sent.told
    assert len(web.got) == 1
    assert sent.wait_s == (77 if status >= 400 else None)


def test_a_slow_one_and_one_that_drips_are_cut_off(web, monkeypatch):
    for web.slow_s, web.drip in ((2.0, False), (0.0, True)):
        began = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011 - whichever the system says
            connecting.post(web.url, b"{}", {}, private=True, limit_s=0.5)
        assert time.monotonic() - began < 15
    monkeypatch.setattr(connecting, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(connecting.post, "__kwdefaults__", {"limit_s": 0.5})
    assert send(hook(web.url), NOTE, "d", NOW).told == "did not answer in time"


def test_a_dead_one_and_one_that_says_nothing(monkeypatch):
    monkeypatch.setattr(connecting.post, "__kwdefaults__", {"limit_s": 0.5})
    assert "could not be reached" in send(hook("http://127.0.0.1:9/x"), NOTE, "d", NOW).told
    assert "could not be reached" in send(hook("http://no-such-host.invalid/x"), NOTE, "d", NOW).told
    with silent_server() as port:
        assert send(hook(f"http://127.0.0.1:{port}/x"), NOTE, "d", NOW).told == "did not answer in time"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "10.0.0.1", "169.254.169.254"])
def test_a_private_address_is_refused_unless_the_channel_allows_it(host):
    sent = send(hook(f"http://{host}:9/x", private=False), NOTE, "d", NOW)
    assert (sent.ok, sent.final) == (False, True)
    assert "private network" in sent.told


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "100.100.100.200"])
def test_what_clouds_tell_their_machines_is_refused_all_the_same(host):
    assert "private network" in send(hook(f"http://{host}/latest"), NOTE, "d", NOW).told


def test_no_address_and_no_secret_is_in_what_is_told(web):
    for web.status in (500, 302, 404):
        assert "very-secret-path" not in send(hook(web.url), NOTE, "d", NOW).told
    assert "hook" not in repr(hook(web.url)).replace("type='webhook'", "").replace("WebhookChannel", "")


def test_a_channel_without_its_value_says_which():
    channel = SlackChannel(type="slack", url="${env:SLACK}")
    assert missing(channel) == ["url"]
    assert send(channel, NOTE, "d", NOW).told == "has no value here for url"


def test_a_mail_has_text_and_html_and_no_header_of_somebody_else():
    with mail_server() as (box, port):
        assert send(mail(port), NOTE, "d-1", NOW).told == "took the mail"
    [(_, _, text)] = box.mails
    got = email.message_from_string(text, policy=policy.default)
    assert got["Subject"] == "[acme] shop.<b>&* Bcc: eve@example.com: it is down"
    assert (got["Message-ID"], got["Bcc"], got["To"]) == ("<d-1@lakesmith.invalid>", None, "ada@example.com")
    plain, html = (part.get_content() for part in got.iter_parts())
    assert plain.splitlines()[0] == "shop.<b>&* Bcc: eve@example.com: it is down"
    assert "<b>&*" not in html
    assert "safe &amp; &lt;sound&gt;" in html


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_password_goes_over_an_encrypted_and_proved_connection_only(tmp_path, monkeypatch, security):
    certificate, login = certificate_in(tmp_path), ("ada", "pass-word")
    named = {"security": security, "user": "ada", "password": "pass-word"}
    with mail_server(certificate=certificate, whole=security == "ssl", login=login) as (box, port):
        assert "certificate" in send(mail(port, **named), NOTE, "d", NOW).told
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert send(mail(port, **named), NOTE, "d", NOW).ok
        wrong = send(mail(port, **{**named, "password": "other"}), NOTE, "d", NOW)
    assert (wrong.final, wrong.told) == (True, "refused the user or the password (535)")
    assert [(is_safe or security == "ssl", known) for is_safe, known, _ in box.mails] == [(True, True)]


def test_recipients_that_are_refused_are_told():
    with mail_server() as (box, port):
        none = send(mail(port, to=("nobody@example.com",)), NOTE, "d", NOW)
        some = send(mail(port, to=("ada@example.com", "nobody@example.com")), NOTE, "d", NOW)
    assert (none.ok, none.final) == (False, True)
    assert some.told == "took it for some recipients, and refused 1 of 2"
    assert len(box.mails) == 1


def test_a_mail_server_that_says_nothing_is_left(monkeypatch):
    from lakesmith.monitor.alerts.channels import email as channel

    monkeypatch.setattr(channel, "TIMEOUT_S", 0.5)
    with silent_server() as port:
        assert not send(mail(port), NOTE, "d", NOW).ok


def test_a_host_with_an_address_that_does_not_answer_is_reached_by_another(web):
    with connecting.dial(["127.0.0.9", "127.0.0.1"], web.port, 5.0) as connection:
        assert connection.getpeername() == ("127.0.0.1", web.port)
