"""The demo's servers: an app's database that holds what the world says, and platforms that know what is known on the day."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from bson import ObjectId
from mongo_server import PROGRAM, PROGRAMS, serve_mongo
from pymongo import MongoClient

from lakesmith.errors import UsageError
from lakesmith.simulate.apis.meta_ads import TOKEN, VERSION
from lakesmith.simulate.sales_marketing import SalesMarketing, World
from lakesmith.simulate.sales_marketing.business import META_DAY
from lakesmith.simulate.sales_marketing.platforms import OLD_META, Today
from lakesmith.simulate.sales_marketing.servers import AppDatabase, app_database, platform_servers

BUSINESS = SalesMarketing(scale=0.1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve_mongo(tmp_path_factory.mktemp("mongo") / "server") as server:
        yield server


@pytest.mark.long
@pytest.mark.slow
def test_the_database_holds_what_the_world_says(server):
    url = server.url(server.database())
    database, world = AppDatabase(url), World(BUSINESS)
    database.make()
    for number in (1, 2, 3):
        database.write(world.day(number))
    with MongoClient(url, tz_aware=True) as client:
        for name, documents in world.documents.items():
            held = {str(one["_id"]): one for one in client.get_default_database()[name].find()}
            assert held.keys() == documents.keys()
            for key, document in documents.items():
                assert all(isinstance(held[key][part], ObjectId) for part in ("_id",))
                assert {
                    part: str(value) if isinstance(value, ObjectId) else value for part, value in held[key].items()
                } == document
            assert "updated_at_1" in client.get_default_database()[name].index_information()


def test_a_database_that_may_be_somebodys_is_left_alone(server):
    url = server.url(server.database())
    with MongoClient(url) as client:
        client.get_default_database()["theirs"].insert_one({"a": 1})
    with pytest.raises(UsageError, match="has something in it: theirs"):
        AppDatabase(url).make()


def test_an_address_that_leads_nowhere_is_said_without_a_secret(server):
    with pytest.raises(UsageError, match="names no database"):
        AppDatabase(f"mongodb://127.0.0.1:{server.port}/?directConnection=true").make()
    nowhere = "mongodb://somebody:hunter2@127.0.0.1:9/demo?directConnection=true&serverSelectionTimeoutMS=300"
    with pytest.raises(UsageError, match="does not let the demo in") as refused:
        AppDatabase(nowhere).make()
    assert "hunter2" not in str(refused.value)


def test_a_server_runs_as_long_as_it_is_needed(tmp_path, monkeypatch):
    monkeypatch.delenv("MONGO_URL", raising=False)
    monkeypatch.setenv("LAKESMITH_MONGODB", str(PROGRAMS / PROGRAM))
    with app_database(tmp_path / "mongodb") as database:
        database.make()
    with MongoClient(database.url, serverSelectionTimeoutMS=300) as client, pytest.raises(Exception, match="refused"):
        client.admin.command("ping")
    monkeypatch.setenv("LAKESMITH_MONGODB", "false")
    with pytest.raises(UsageError, match="MongoDB did not start"), app_database(tmp_path / "other"):
        pass


def ask(url: str) -> dict:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())


def test_platforms_know_what_is_known_on_the_day_and_meta_ages(tmp_path):
    today = Today(tmp_path / "today.json")
    today.write(BUSINESS, 1)
    with platform_servers(today) as told:
        assert set(told) == {"ga4", "google_ads", "meta_ads", "amazon_ads", "salesforce"}
        old = told["meta_ads"]["base_url"]
        assert old.endswith(f"/{OLD_META}")
        new, campaigns = old.replace(OLD_META, VERSION), f"/act_{told['meta_ads']['account_id']}/campaigns?fields=name"
        names = [{one["name"] for one in ask(base + campaigns)["data"]} for base in (old, new)]
        assert names[0] == names[1] == {"Prospecting", "Retargeting"}
        today.write(BUSINESS, META_DAY)
        assert {one["name"] for one in ask(new + campaigns)["data"]} == {"Prospecting", "Comeback"}
        with pytest.raises(urllib.error.HTTPError, match="HTTP Error 400") as refused:
            ask(old + campaigns)
        assert json.loads(refused.value.read())["error"]["code"] == 2635
    with pytest.raises(urllib.error.URLError, match="refused"):
        ask(new + campaigns)
