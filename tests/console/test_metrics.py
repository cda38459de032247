"""The metrics of the console: for who has read the key, and for nobody by anything else."""

import pytest
from console_visitor import Visitor

from lakesmith.console import serving


@pytest.fixture
def key(project):
    return (project.config.paths.state / "console.token").read_text().strip()


def test_the_key_opens_metrics_and_they_are_those_of_the_command(project, stranger, key):
    reply = stranger.ask("/metrics", Authorization=f"Bearer {key}")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert reply.body == project.metrics()
    assert "lakesmith_runs_total{" in reply.body
    again = stranger.ask("/metrics", Authorization=f"Bearer {key}")
    assert again.body == reply.body  # sums are kept between two requests, and nothing is added twice
    assert "set-cookie" not in reply.headers
    bare = stranger.ask("/metrics", "HEAD", Authorization=f"Bearer {key}")
    assert (bare.status, bare.body) == (200, "")


@pytest.mark.parametrize(
    "form", ["", "Bearer", "Bearer ", "{key}", "bearer{key}", "Basic {key}", "Bearer {key}0", "Bearer {KEY}"]
)
def test_without_the_key_there_are_no_metrics(stranger, visitor, key, form):
    told = form.format(key=key, KEY=key.upper())
    for one in (stranger, visitor):  # a session is not enough either
        reply = one.ask("/metrics", Authorization=told) if told else one.ask("/metrics")
        assert reply.status == 401
        assert "lakesmith_" not in reply.body


def test_the_key_opens_nothing_else(stranger, addresses, key):
    for path in (*addresses, "/metrics/", "/metrics.json", "//metrics", "/nothing"):
        reply = stranger.ask(path, Authorization=f"Bearer {key}")
        assert reply.status == 401, path
        assert "set-cookie" not in reply.headers


def test_metrics_are_only_read_and_only_by_our_name(stranger, key):
    bearer = {"Authorization": f"Bearer {key}"}
    assert stranger.ask("/metrics", "POST", b"", **bearer).status == 405
    assert stranger.ask("/metrics", Host="example.com", **bearer).status == 421
    assert stranger.ask("/metrics", Origin="http://example.com", **bearer).status == 403


def test_a_new_key_ends_the_old_one(own_project):
    file = own_project.config.paths.state / "console.token"
    with serving(own_project, port=0) as link:
        old = file.read_text().strip()
        somebody = Visitor(int(link.split(":")[2].partition("/")[0]))
        somebody.enter(link)
        assert somebody.ask("/metrics", Authorization=f"Bearer {old}").status == 200
        proof = f"proof={somebody.proof()}".encode()
        origin = {"Origin": f"http://localhost:{somebody.port}", "Content-Type": "application/x-www-form-urlencoded"}
        assert somebody.ask("/logout", "POST", proof, **origin).status == 303
        assert somebody.ask("/metrics", Authorization=f"Bearer {old}").status == 401
        new = file.read_text().strip()
        assert somebody.ask("/metrics", Authorization=f"Bearer {new}").status == 200
