"""Salesforce as a source: whole projects, against the records themselves."""

import pytest
from ad_faults import Trial, passing
from platform_books import at, crm_of_salesforce
from platform_loads import Project, sent_elsewhere

from lakesmith.errors import ConnectorOptionsError, ProjectFileError
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.salesforce import REFRESH_TOKEN, Salesforce
from lakesmith.simulate.apis.serving import ApiServer

QUERY, TOKEN, RESULTS, POLL = "GET .*/query", "POST .*/token", "GET .*/results", r"GET .*/jobs/query/\w+\?$"
CUSTOM = ["FIELDS(STANDARD)", "Founded__c", "Active__c"]
NAMED = ["Id", "Name", "AnnualRevenue", "NumberOfEmployees", "SystemModstamp", "IsDeleted"]
WAITS = {"jobs": {"first_wait_s": 0.001, "longest_wait_s": 0.01}}
BRONZE = {
    "Id": "id",
    "IsDeleted": "is_deleted",
    "Name": "name",
    "AnnualRevenue": "annual_revenue",
    "NumberOfEmployees": "number_of_employees",
    "CreatedDate": "created_date",
    "SystemModstamp": "system_modstamp",
    "Founded__c": "founded_c",
    "Active__c": "active_c",
    "Email": "email",
    "Status": "status",
}


@pytest.fixture
def crm():
    return crm_of_salesforce()


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path, "salesforce", {"account": {"fields": CUSTOM, "types": {"Founded__c": "date"}}, "lead": {}})


def said_by(crm, kind="Account", fields=None):
    """Return what bronze should hold by id, from the records alone."""
    return {
        row["Id"]: {BRONZE[name]: row[name] for name in fields or row if row[name] is not None}
        for row in crm.records(kind)
    }


def loaded(project, stream="account"):
    return project.current(stream, "id")


@pytest.mark.long
def test_a_bad_day_and_the_next(project, crm):
    """One load among many faults brings every record; the next one what was changed, deleted and made."""
    faults = [
        Fault("status", TOKEN, (1,), status=503),
        Fault("throttled", QUERY, (1,)),
        Fault("reset", QUERY, (3,)),
        Fault("token_expired", QUERY, (5,)),
        Fault("cut", QUERY, (7,), amount=60),
        Fault("empty_page", QUERY, (9,)),
        Fault("error_body", QUERY, (11,)),
    ]
    with ApiServer(Salesforce(crm, page_rows=2), faults) as server:
        assert project.reach(server).run() == []
        assert [server.spoilt(fault.kind) for fault in faults] == [1] * 7
        assert server.platform.tokens.issued == 2
        assert "requests were made again" in " ".join(project.loads["account"].notices)
        assert loaded(project) == said_by(crm)
        assert loaded(project, "lead") == said_by(crm, "Lead")
        assert len(project.rows("account")) == 7
        accounts = crm.kinds["Account"]
        accounts[1] |= {"Name": "Renamed", "SystemModstamp": at(500)}
        accounts[2] |= {"IsDeleted": True, "SystemModstamp": at(501)}
        accounts.append(accounts[4] | {"Id": "001000000000099AAA", "SystemModstamp": at(502)})
        server.spoil()
        assert project.run() == []
        assert loaded(project) == said_by(crm)
        assert len(project.rows("account")) == 10
        assert project.run() == []
        assert len(project.rows("account")) == 10


ALL = {
    **passing(QUERY),
    "repeated_page": Trial((Fault("repeated_page", QUERY, (2,)),)),
    "skipped_page": Trial((Fault("skipped_page", QUERY, (2,)),), "The API says that there are"),
    "cursor_loop": Trial((Fault("cursor_loop", QUERY, (2,)),), "back to a page"),
    "empty_page": Trial((Fault("empty_page", QUERY, (2,)),)),
    "total_changes": Trial((Fault("total_changes", QUERY, (4,)),), "The API says that there are"),
    "no_content": Trial((Fault("no_content", QUERY, (2, 3)),)),
    "permission_missing": Trial((Fault("permission_missing", QUERY, (2,)),), "may not read this"),
    "token_revoked": Trial((Fault("token_revoked", QUERY, (2,)),), "credentials"),
    "retired": Trial((Fault("retired", QUERY, (2,)),), "refuses the request"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_every_fault(project, crm, name):
    del project.streams["lead"]
    with ApiServer(Salesforce(crm, page_rows=2), ALL[name].faults) as server:
        errors = project.reach(server).run()
        assert server.spoilt(ALL[name].faults[0].kind) >= 1
        assert bool(errors) == bool(ALL[name].what), errors
        assert all(ALL[name].what in error.what for error in errors), errors
        assert errors or loaded(project) == said_by(crm)
        server.spoil()
        server.platform.tokens.is_revoked = False
        assert project.run() == []
    assert loaded(project) == said_by(crm)
    assert len(project.rows("account")) == 7


BULK = {
    **{name: trial for name, trial in passing(RESULTS).items() if name != "length_too_short"},
    "report_slow": Trial((Fault("report_slow", POLL, (1,), amount=3),)),
    "report_fails": Trial((Fault("report_fails", POLL, (1,)),)),
    "report_expires": Trial((Fault("report_expires", RESULTS, (2,)),)),
    "report_always_fails": Trial((Fault("report_fails", POLL),), "ordered 3 times"),
    "repeated_page": Trial((Fault("repeated_page", RESULTS, (2,)),)),
    "cursor_loop": Trial((Fault("cursor_loop", RESULTS, (2,)),), "back to a page"),
    "empty_page": Trial((Fault("empty_page", RESULTS, (2,)),)),
    "no_content": Trial((Fault("no_content", RESULTS, (2,)),)),
}


@pytest.mark.long
@pytest.mark.parametrize("name", BULK)
def test_every_fault_of_a_job(project, crm, name):
    project.streams = {"account": {"fields": NAMED, "bulk": True, "mode": "replace"} | WAITS}
    with ApiServer(Salesforce(crm, page_rows=2), BULK[name].faults) as server:
        errors = project.reach(server).run()
        assert server.spoilt(BULK[name].faults[0].kind) >= 1
        assert bool(errors) == bool(BULK[name].what), errors
        assert all(BULK[name].what in error.what for error in errors), errors
        assert errors or loaded(project) == said_by(crm, fields=NAMED)
        server.spoil()
        crm.kinds["Account"].pop()
        assert project.run() == []
    assert loaded(project) == said_by(crm, fields=NAMED)


@pytest.mark.long
@pytest.mark.parametrize("amount", [-2, -40])
def test_a_page_whose_length_is_too_short_is_asked_for_again(project, crm, amount):
    project.streams = {"account": {"fields": NAMED, "bulk": True, "mode": "replace"} | WAITS}
    with ApiServer(Salesforce(crm, page_rows=2), [Fault("wrong_length", RESULTS, (2,), amount=amount)]) as server:
        assert project.reach(server).run() == []
        assert server.spoilt("wrong_length") == 1
    assert loaded(project) == said_by(crm, fields=NAMED)
    assert project.loads["account"].counts.quarantined == 0


@pytest.mark.long
def test_a_job_brings_the_whole_object_each_time(project, crm):
    project.streams = {"firms": {"object": "Account", "fields": NAMED, "bulk": True, "mode": "replace"} | WAITS}
    faults = [
        Fault("report_slow", POLL, (1,), amount=1),
        Fault("report_fails", POLL, (2,)),
        Fault("reset", RESULTS, (2,)),
        Fault("token_expired", RESULTS, (4,)),
    ]
    with ApiServer(Salesforce(crm, page_rows=3), faults) as server:
        assert project.reach(server).run() == []
        assert [server.spoilt(fault.kind) for fault in faults] == [1] * 4
        assert loaded(project, "firms") == said_by(crm, fields=NAMED)
        crm.kinds["Account"].pop(2)
        server.spoil()
        assert project.run() == []
        assert loaded(project, "firms") == said_by(crm, fields=NAMED)


REFUSED = {
    "secret": ({"client_secret": "not-mine"}, None, "client_secret"),
    "object": ({}, {"object": "Car__c"}, "Object settings"),
    "field": ({}, {"fields": ["Id", "SystemModstamp", "Nme"]}, "Field permissions"),
    "version": ({"base_url": "/services/data/v20.0"}, {}, "version"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_check_says_what_to_do(project, crm, name):
    changed, stream, fix = REFUSED[name]
    project.streams = {"account": stream or {}}
    with ApiServer(Salesforce(crm), [Fault("retired", QUERY)] if name == "version" else ()) as server:
        project.reach(server, **(changed if name != "version" else {}))
        [finding] = [one for one in project.check() if one.level == "error" and one.subject.startswith("api")]
    assert fix in finding.fix
    assert "not-mine" not in str(finding)


def test_a_refresh_token_does_as_well(project, crm):
    project.streams = {"lead": {}}
    with ApiServer(Salesforce(crm), [Fault("token_revoked", QUERY, (2,))]) as server:
        assert project.reach(server, refresh_token=REFRESH_TOKEN).run() == []
        assert loaded(project, "lead") == said_by(crm, "Lead")
        [error] = project.run()
    assert isinstance(error, ConnectorOptionsError)


def test_records_that_change_while_they_are_read_come_with_the_next_load(project, crm):
    """An open cursor sends what was there when it was opened; what changed since is after its last value."""

    class Busy(Salesforce):
        def answer(self, asked):
            if "/query/" in asked.path and "Busy" not in str(crm.kinds["Account"]):
                crm.kinds["Account"][6] |= {"Name": "Busy", "SystemModstamp": at(700)}
            return super().answer(asked)

    del project.streams["lead"]
    before = said_by(crm)
    with ApiServer(Busy(crm, page_rows=2)) as server:
        assert project.reach(server).run() == []
        assert loaded(project).keys() == before.keys()
        assert project.run() == []
    assert loaded(project) == said_by(crm)
    assert loaded(project)[crm.kinds["Account"][6]["Id"]]["name"] == "Busy"


@pytest.mark.long  # the fast suite asks this of HubSpot
def test_no_credential_goes_to_another_host(project, crm):
    del project.streams["lead"]
    with ApiServer(Salesforce(crm, page_rows=2)) as server:
        assert sent_elsewhere(project, server, QUERY)
        assert project.run() == []
    assert loaded(project) == said_by(crm)


def test_a_missing_credential_is_named_with_the_way_to_it(project, crm):
    with ApiServer(Salesforce(crm)) as server:
        project.reach(server, client_secret=None)
    with pytest.raises(ProjectFileError, match="Consumer key and secret"):
        project.check()
