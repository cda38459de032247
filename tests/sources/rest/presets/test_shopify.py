"""Shopify as a source: whole projects, against the records themselves."""

from decimal import Decimal

import pytest
from ad_faults import Trial, passing
from platform_books import at, shop
from platform_loads import Project, sent_elsewhere

from lakesmith.errors import ConnectorOptionsError, ProjectFileError
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.serving import ApiServer
from lakesmith.simulate.apis.shopify import TOKEN, Shopify

ORDERS = "GET .*/orders.json"
SMALL = {"params": {"limit": 1}}
OLD_APP = {"client_id": None, "client_secret": None, "token_url": None, "access_token": TOKEN}


@pytest.fixture
def records():
    return shop()


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path, "shopify", {"orders": SMALL, "products": SMALL})


def said_by(records, kind="orders"):
    """Return what bronze should hold by id, from the records alone; amounts of lines stay texts."""
    return {row["id"]: plain(row) for row in records.records(kind)}


def plain(row):
    lines = [line | {"price": str(line["price"])} for line in row.get("line_items", ())]
    return {name: value for name, value in row.items() if value is not None} | (
        {"line_items": lines} if "line_items" in row else {}
    )


def loaded(project, stream="orders"):
    return project.current(stream, "id")


@pytest.mark.long
def test_a_bad_day_and_the_next(project, records):
    """One load among many faults brings every record; the next one what was changed and made."""
    faults = [
        Fault("status", "POST .*/access_token", (1,), status=502),
        Fault("throttled", ORDERS, (1,), retry_after=0),
        Fault("reset", ORDERS, (3,)),
        Fault("token_expired", ORDERS, (5,)),
        Fault("wrong_length", ORDERS, (7,)),
        Fault("empty_page", ORDERS, (9,)),
        Fault("cut", "GET .*/products.json", (1,), amount=9),
    ]
    with ApiServer(Shopify(records), faults) as server:
        assert project.reach(server).run() == []
        assert [server.spoilt(fault.kind) for fault in faults] == [1] * 7
        assert server.platform.tokens.issued == 2
        assert "made again" in " ".join(project.loads["products"].notices)
        assert loaded(project) == said_by(records)
        assert loaded(project, "products") == said_by(records, "products")
        orders = records.kinds["orders"]
        orders[0] |= {"total_price": Decimal("99.99"), "cancelled_at": at(400), "updated_at": at(400)}
        orders.append(orders[4] | {"id": 5_400_000_000_777, "updated_at": at(401)})
        server.spoil()
        assert project.run() == []
        assert loaded(project) == said_by(records)
        count = len(project.rows("orders"))
        assert project.run() == []
        assert len(project.rows("orders")) == count


ALL = {
    **passing(ORDERS),
    "repeated_page": Trial((Fault("repeated_page", ORDERS, (2,)),)),
    "cursor_loop": Trial((Fault("cursor_loop", ORDERS, (2,)),), "back to a page"),
    "empty_page": Trial((Fault("empty_page", ORDERS, (2,)),)),
    "no_content": Trial((Fault("no_content", ORDERS, (2, 3)),)),
    "permission_missing": Trial((Fault("permission_missing", ORDERS, (2,)),), "may not read this"),
    "token_revoked": Trial((Fault("token_revoked", ORDERS, (2,)),), "credentials"),
    "retired": Trial((Fault("retired", ORDERS),)),
}


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_every_fault(project, records, name):
    del project.streams["products"]
    with ApiServer(Shopify(records), ALL[name].faults) as server:
        errors = project.reach(server).run()
        assert server.spoilt(ALL[name].faults[0].kind) >= 1
        assert bool(errors) == bool(ALL[name].what), errors
        assert all(ALL[name].what in error.what for error in errors), errors
        assert errors or loaded(project) == said_by(records)
        server.spoil()
        server.platform.tokens.is_revoked = False
        assert project.run() == []
    assert loaded(project) == said_by(records)
    assert len(project.rows("orders")) == 7


def test_one_object_that_is_forbidden_stops_no_other(project, records):
    with ApiServer(Shopify(records), [Fault("permission_missing", ORDERS)]) as server:
        [error] = project.reach(server, **OLD_APP).run()
        [finding] = [one for one in project.check() if one.level == "error"]
    assert isinstance(error, ConnectorOptionsError)
    assert "read_orders" in error.what
    assert "Dev Dashboard" in error.fix
    assert "Dev Dashboard" in finding.fix
    assert loaded(project, "products") == said_by(records, "products")


def test_check_says_how_a_token_is_had(project, records):
    with ApiServer(Shopify(records)) as server:
        project.reach(server, **OLD_APP | {"access_token": "not-mine"})
        findings = [one for one in project.check() if one.level == "error"]
    assert len(findings) == 2
    assert all("shpat_" in one.fix for one in findings)


def test_orders_that_change_while_they_are_read_are_there_in_the_end(project, records):
    """What is changed goes to the end of the list, and moves nothing else."""

    class Busy(Shopify):
        def answer(self, asked):
            if "page_info" in asked.query and records.kinds["orders"][0]["name"] != "Busy":
                records.kinds["orders"][0] |= {"name": "Busy", "updated_at": at(700)}
            return super().answer(asked)

    del project.streams["products"]
    with ApiServer(Busy(records)) as server:
        assert project.reach(server).run() == []
    assert loaded(project) == said_by(records)
    assert loaded(project)[5_400_000_000_000]["name"] == "Busy"


@pytest.mark.long  # the fast suite asks this of HubSpot
def test_no_credential_goes_to_another_host(project, records):
    with ApiServer(Shopify(records)) as server:
        assert sent_elsewhere(project, server, ORDERS)
        assert project.run() == []
    assert loaded(project) == said_by(records)


def test_a_missing_credential_is_named_with_the_way_to_it(project, records):
    with ApiServer(Shopify(records)) as server:
        project.reach(server, client_secret=None)
    with pytest.raises(ProjectFileError, match="Dev Dashboard"):
        project.check()


WAITS = {"jobs": {"first_wait_s": 0.001, "longest_wait_s": 0.01}}
GRAPHQL, LINES = "POST .*/graphql.json", "GET /bulk/"
BULK = {
    "throttled": Trial((Fault("throttled", GRAPHQL, (1, 3)),)),
    "token_expired": Trial((Fault("token_expired", GRAPHQL, (2,)),)),
    "report_slow": Trial((Fault("report_slow", GRAPHQL, (2,), amount=3),)),
    "report_fails": Trial((Fault("report_fails", GRAPHQL, (2,)),)),
    "report_expires": Trial((Fault("report_expires", LINES, (1,)),)),
    "report_always_fails": Trial((Fault("report_fails", GRAPHQL),), "ordered 3 times"),
    "cut": Trial((Fault("cut", LINES, (1,), amount=50),)),
    "reset": Trial((Fault("reset", LINES, (1,)),)),
    "login_page": Trial((Fault("login_page", LINES, (1,)),)),
}


def said_in_bulk(records):
    """Return what bronze should hold of orders by id, in the words of GraphQL, from the records alone."""
    return {
        f"gid://shopify/Order/{row['id']}": {
            "id": f"gid://shopify/Order/{row['id']}",
            "name": row["name"],
            "currency_code": row["currency"],
            "total_price_set_shop_money_amount": row["total_price"],
            "total_price_set_shop_money_currency_code": row["currency"],
            "customer_id": f"gid://shopify/Customer/{row['customer']['id']}",
            **{name: row[name] for name in ("created_at", "updated_at", "closed_at", "cancelled_at") if row[name]},
        }
        for row in records.records("orders")
    }


@pytest.mark.long
def test_a_bulk_operation_brings_all_orders_each_time(project, records):
    project.streams = {"orders_bulk": WAITS}
    faults = [
        Fault("throttled", GRAPHQL, (1,)),
        Fault("report_fails", GRAPHQL, (3,)),
        Fault("cut", LINES, (1,), amount=50),
    ]
    with ApiServer(Shopify(records), faults) as server:
        assert project.reach(server).run() == []
        assert [server.spoilt(fault.kind) for fault in faults] == [1] * 3
        assert loaded(project, "orders_bulk") == said_in_bulk(records)
        records.kinds["orders"].pop(2)
        server.spoil()
        assert project.run() == []
        assert loaded(project, "orders_bulk") == said_in_bulk(records)


@pytest.mark.long
@pytest.mark.parametrize("name", BULK)
def test_every_fault_of_a_bulk_operation(project, records, name):
    project.streams = {"orders_bulk": WAITS}
    with ApiServer(Shopify(records), BULK[name].faults) as server:
        errors = project.reach(server).run()
        assert server.spoilt(BULK[name].faults[0].kind) >= 1
        assert bool(errors) == bool(BULK[name].what), errors
        assert all(BULK[name].what in error.what for error in errors), errors
        assert errors or loaded(project, "orders_bulk") == said_in_bulk(records)
        server.spoil()
        assert project.run() == []
    assert loaded(project, "orders_bulk") == said_in_bulk(records)
