"""The section `alerts`: what it takes, and what it refuses with a line."""

from __future__ import annotations

import pytest

from lakesmith.errors import ProjectFileError
from lakesmith.host import Host
from lakesmith.project import load_project

KEYS = {"URL": "https://hooks.example.com/canary", "KEY": "canary-key"}
HEAD = "version: 1\nname: acme\nalerts:\n"
SLACK = '  channels: {team: {type: slack, url: "${env:URL}"}}\n'


def read(tmp_path, text, environ=None):
    (tmp_path / "lakesmith.yml").write_text(HEAD + text)
    return load_project(tmp_path, host=Host(), environ=KEYS if environ is None else environ).alerts


def test_without_a_section_nobody_is_told(tmp_path):
    (tmp_path / "lakesmith.yml").write_text("version: 1\nname: acme\n")
    found = load_project(tmp_path, host=Host()).alerts
    assert (found.channels, found.routes, found.fallback()) == ({}, (), ())


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        (SLACK, True),
        ('  heartbeat: {url: "${env:URL}"}\n', True),
        ("  heartbeat: {every: 1h}\n", False),
        ("  grouping: {storm: 5}\n", False),
    ],
)
def test_a_channel_or_a_sign_of_life_reaches_somebody(tmp_path, text, reached):
    assert read(tmp_path, text).reaches_anybody is reached


def test_a_whole_section(tmp_path):
    found = read(
        tmp_path,
        """
  address: https://data.example.com
  channels:
    team: {type: slack, url: "${env:URL}"}
    mail: {type: email, host: smtp.example.com, user: u, password: "${env:KEY}", sender: a@example.com, to: [b@example.com]}
    hook: {type: webhook, url: "${env:URL}", secret: "${env:KEY}", private: true}
  routes:
    - {owner: finance, severity: error, channels: [mail, team]}
    - {name: rest, channels: [hook]}
  default: [team]
  grouping: {wait: 1m, update: 10m, repeat: 1d, storm: 50}
  heartbeat: {url: "${env:URL}", every: 1h, daily: {at: "08:00", timezone: Europe/Berlin, channels: [mail]}}
""",
    )
    assert list(found.channels) == ["team", "mail", "hook"]
    assert found.channels["mail"].port == 587
    assert [route.channels for route in found.routes] == [("mail", "team"), ("hook",)]
    assert (found.fallback(), found.grouping.storm) == (("team",), 50)
    assert "canary" not in repr(found)


def test_what_no_route_takes_goes_to_every_channel(tmp_path):
    assert read(tmp_path, SLACK).fallback() == ("team",)
    assert read(tmp_path, SLACK + "  default: []\n").fallback() == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "  channels: {team: {type: slack, url: https://hooks.example.com/x}}\n",
            "is a secret: write \\${env:TEAM_URL}",
        ),
        ('  channels: {h: {type: webhook, url: "${env:URL}", secret: plain-text}}\n', "a secret stands in the file"),
        ("  heartbeat: {url: https://sign.example.com/x}\n", "is a secret"),
        (SLACK + "  routes: [{channels: [taem]}]\n", 'there is no channel "taem": known are team, did you mean "team"'),
        (SLACK + "  default: [other]\n", 'there is no channel "other"'),
        ("  channels: {x: {type: pager}}\n", "x"),
        (SLACK + "  grouping: {storm: 1}\n", "storm"),
        ('  channels: {m: {type: email, host: h, sender: a@b, to: [], user: u, password: "${env:KEY}"}}\n', "to"),
        ("  channels: {m: {type: email, host: h, sender: a@b, to: [c@d], user: u}}\n", "together"),
        (
            '  channels: {m: {type: email, host: h, security: none, sender: a@b, to: [c@d], user: u, password: "${env:KEY}"}}\n',
            "in clear",
        ),
        ('  channels: {m: {type: email, host: h, sender: "A <a@b>", to: [c@d]}}\n', "plain mail address"),
        ("  address: data.example.com\n", "https://"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_line(tmp_path, text, told):
    with pytest.raises(ProjectFileError, match=told) as refused:
        read(tmp_path, text)
    assert "lakesmith.yml:4" in str(refused.value) or "lakesmith.yml:5" in str(refused.value)
    assert "plain-text" not in str(refused.value)
