"""HubSpot as a source: whole projects, against the records themselves."""

import pytest
from ad_faults import Trial, passing
from platform_books import at, crm_of_hubspot
from platform_loads import Project, sent_elsewhere

from lakesmith.errors import ConnectorOptionsError, ProjectFileError
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.hubspot import CLIENT_SECRET, REFRESH_TOKEN, HubSpot
from lakesmith.simulate.apis.serving import ApiServer

CONTACTS, SEARCH = "GET .*/objects/contacts", "POST .*/contacts/search"
PEOPLE = {"properties": ["email", "firstname", "lastname"]}
FEW = {"params": {"limit": 2}}
STREAMS = {
    "contacts": PEOPLE | FEW,
    "deals": FEW,
    "gone": {"object": "contacts", "archived": True} | PEOPLE,
    "changes": {"object": "contacts", "search": True, "mode": "dedupe", "key": "id"} | PEOPLE,
}


@pytest.fixture
def crm():
    return crm_of_hubspot()


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path, "hubspot", {name: STREAMS[name] for name in ("contacts", "deals", "gone", "changes")})


def said_by(crm, kind="contacts", *, archived=False):
    """Return what bronze should hold by id, from the records alone."""
    found = {}
    for row in crm.records(kind):
        if bool(row.get("archived")) == archived:
            modified = row["lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"]
            own = {
                f"properties_{name}": value for name, value in row.items() if value is not None and name != "archived"
            }
            about = {
                "id": str(row["hs_object_id"]),
                "archived": archived,
                "created_at": row["createdate"],
                "updated_at": modified,
            }
            found[about["id"]] = about | own | ({"archived_at": modified} if archived else {})
    return found


def loaded(project, stream="contacts"):
    return project.current(stream, "id")


def test_a_bad_day_and_the_next(project, crm):
    """One load among many faults brings every record; the next one what was changed, archived and made."""
    faults = [
        Fault("throttled", CONTACTS, (1,)),
        Fault("reset", CONTACTS, (3,)),
        Fault("empty_page", CONTACTS, (5,)),
        Fault("cut", CONTACTS, (7,), amount=60),
        Fault("status", SEARCH, (1, 2), status=500),
        Fault("error_body", SEARCH, (4,)),
    ]
    with ApiServer(HubSpot(crm), faults) as server:
        assert project.reach(server).run() == []
        assert [server.spoilt(fault.kind) for fault in faults] == [1, 1, 1, 1, 2, 1]
        assert "requests were made again" in " ".join(project.loads["contacts"].notices)
        assert loaded(project) == loaded(project, "changes") == said_by(crm)
        assert loaded(project, "deals") == said_by(crm, "deals")
        assert loaded(project, "gone") == said_by(crm, archived=True)
        people = crm.kinds["contacts"]
        people[0] |= {"firstname": "Renamed", "lastmodifieddate": at(400)}
        people[1] |= {"archived": True, "lastmodifieddate": at(401)}
        people.append(people[5] | {"hs_object_id": 777, "lastmodifieddate": at(402)})
        server.spoil()
        assert project.run() == []
        assert loaded(project) == said_by(crm)
        assert loaded(project, "gone") == said_by(crm, archived=True)
        kept = loaded(project, "changes")
        assert {of: row for of, row in kept.items() if of != "501"} == said_by(crm)
        assert kept["501"]["archived"] is False, "a search never sends what was archived"


LISTED = {
    **{name: trial for name, trial in passing(CONTACTS).items() if name != "token_expired"},
    "repeated_page": Trial((Fault("repeated_page", CONTACTS, (2,)),)),
    "cursor_loop": Trial((Fault("cursor_loop", CONTACTS, (2,)),), "back to a page"),
    "empty_page": Trial((Fault("empty_page", CONTACTS, (2,)),)),
    "no_content": Trial((Fault("no_content", CONTACTS, (2, 3)),)),
    "permission_missing": Trial((Fault("permission_missing", CONTACTS, (2,)),), "may not read this"),
    "retired": Trial((Fault("retired", CONTACTS, (2,)),), "refuses the request"),
}
SEARCHED = {
    **passing(SEARCH, at=1),
    "repeated_page": Trial((Fault("repeated_page", SEARCH, (2,)),)),
    "no_content": Trial((Fault("no_content", SEARCH, (1,)),)),
    "token_revoked": Trial((Fault("token_revoked", SEARCH, (1,)),), "credentials"),
}
APP = {"token": None, "client_id": "app", "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}


@pytest.mark.long
@pytest.mark.parametrize("name", LISTED)
def test_every_fault_of_a_list(project, crm, name):
    project.streams = {"contacts": STREAMS["contacts"]}
    with ApiServer(HubSpot(crm), LISTED[name].faults) as server:
        errors = project.reach(server).run()
        assert server.spoilt(LISTED[name].faults[0].kind) >= 1
        assert bool(errors) == bool(LISTED[name].what), errors
        assert all(LISTED[name].what in error.what for error in errors), errors
        assert errors or loaded(project) == said_by(crm)
        server.spoil()
        assert project.run() == []
    assert loaded(project) == said_by(crm)


@pytest.mark.long
@pytest.mark.parametrize("name", SEARCHED)
def test_every_fault_of_a_search(project, crm, name):
    project.streams = {"changes": STREAMS["changes"] | {"body": {"limit": 2}}}
    with ApiServer(HubSpot(crm, search_ends_at=3), SEARCHED[name].faults) as server:
        address = {"token_url": f"{server.url}/oauth/v1/token"}
        errors = project.reach(server, **APP, **address).run()
        assert server.spoilt(SEARCHED[name].faults[0].kind) >= 1
        assert bool(errors) == bool(SEARCHED[name].what), errors
        assert all(SEARCHED[name].what in error.what for error in errors), errors
        assert errors or loaded(project, "changes") == said_by(crm)
        server.spoil()
        server.platform.tokens.is_revoked = False
        assert project.run() == []
    assert loaded(project, "changes") == said_by(crm)


def test_a_search_goes_past_the_end_that_hubspot_sets(project, crm):
    first = crm.kinds["contacts"][0]
    crm.kinds["contacts"] = [first | {"hs_object_id": 1_000 + n} for n in range(900)]
    project.streams = {"changes": STREAMS["changes"]}
    with ApiServer(HubSpot(crm, search_ends_at=400)) as server:
        assert project.reach(server).run() == []
    assert loaded(project, "changes") == said_by(crm)


def test_a_token_that_was_taken_back_and_one_that_may_not(project, crm):
    project.streams = {"contacts": {}, "deals": {}}
    with ApiServer(HubSpot(crm), [Fault("permission_missing", CONTACTS)]) as server:
        [error] = project.reach(server).run()
        assert isinstance(error, ConnectorOptionsError)
        assert "crm.objects.NAME.read" in error.fix
        assert loaded(project, "deals").keys() == said_by(crm, "deals").keys()
        project.reach(server, token="not-mine")
        findings = [one for one in project.check() if one.level == "error"]
    assert all("Private apps" in one.fix for one in findings)
    assert len(findings) == 2


def test_no_credential_goes_to_another_host(project, crm):
    project.streams = {"contacts": STREAMS["contacts"]}
    with ApiServer(HubSpot(crm)) as server:
        assert sent_elsewhere(project, server, CONTACTS)
        assert project.run() == []
    assert loaded(project) == said_by(crm)


def test_a_missing_credential_is_named_with_the_way_to_it(project, crm):
    with ApiServer(HubSpot(crm)) as server:
        project.reach(server, token=None)
    with pytest.raises(ProjectFileError, match="Private apps > Create"):
        project.check()
