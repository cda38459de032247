"""One server for all tests of a process, and in it a database that is empty for each of them."""

import sys
from pathlib import Path

import psycopg
import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "servers")]


EMPTIED = """
select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid();
do $$
declare name text;
begin
    for name in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
        execute format('drop schema %I cascade', name);
    end loop;
end $$;
create schema public;
grant usage on schema public to public;
"""
"""Far cheaper than a database for each test, whose thousands of files have to be made and taken away."""


@pytest.fixture(scope="session")
def postgres_server(shared_postgres):
    return shared_postgres


@pytest.fixture(scope="session")
def shared_url(postgres_server):
    return postgres_server.database()


@pytest.fixture
def url(shared_url):
    """The address of an empty database."""
    yield shared_url
    with psycopg.connect(shared_url, autocommit=True) as session:
        session.execute(EMPTIED)


@pytest.fixture
def db(url):
    """A session in that database, in autocommit."""
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("set timezone = 'UTC'")
        yield session
