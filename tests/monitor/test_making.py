"""A new store is made whole, an old one by migrations: whichever way, the databases look the same in everything they say of themselves."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import create_engine, text

from lakesmith.errors import StorageUnavailableError
from lakesmith.monitor.databases import connect_file, connect_server
from lakesmith.monitor.making import migrate
from lakesmith.monitor.store import RunStore

PRAGMAS = "application_id", "auto_vacuum", "encoding", "foreign_key_check", "journal_mode", "page_size", "user_version"
OF_TABLES = "table_xinfo", "foreign_key_list", "table_list"
WORDS = re.compile(
    r"\b(?:autoincrement|check|collate|conflict|default|deferrable|delete|generated|strict|unique|update|without)\b"
)
"""What a table can say that no pragma tells."""
ON_A_SERVER = {
    "columns": """
        select table_name, column_name, ordinal_position, data_type, character_maximum_length, numeric_precision, is_nullable,
            column_default, is_identity, is_generated, collation_name
        from information_schema.columns where table_schema = 'public'""",
    "constraints": """
        select conrelid::regclass::text, conname, contype, convalidated, condeferrable, pg_get_constraintdef(oid)
        from pg_constraint where connamespace = 'public'::regnamespace""",
    "indexes": "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'",
    "sequences": """
        select s.sequencename, s.data_type::text, s.start_value, s.increment_by, s.cycle, d.refobjid::regclass::text, d.refobjsubid
        from pg_sequences s left join pg_depend d on d.objid = s.sequencename::regclass and d.deptype = 'a'
        where s.schemaname = 'public'""",
    "triggers": "select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
    "views": "select viewname, definition from pg_views where schemaname = 'public'",
    "functions": "select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace",
    "relations": "select relname, relkind::text, relpersistence::text, reloptions from pg_class where relnamespace = 'public'::regnamespace",
    "version": "select version_num from alembic_version",
}


def in_a_file(path):
    """Everything that a SQLite file says of its schema; of the statements that made tables, which migrations add to, the words that count."""
    with closing(sqlite3.connect(path)) as connection:

        def ask(query, *given):
            return sorted(connection.execute(query, given).fetchall(), key=repr)

        said = {pragma: ask(f"pragma {pragma}") for pragma in PRAGMAS}
        said["version"] = ask("select version_num from alembic_version")
        said["things"] = ask("select type, name, tbl_name from sqlite_master")
        said["texts"] = ask("select name, sql from sqlite_master where type <> 'table'")
        for table, made in ask("select name, sql from sqlite_master where type = 'table'"):
            said[table, "words"] = sorted(WORDS.findall(made.lower()))
            said |= {(table, pragma): ask(f"select * from pragma_{pragma}(?)", table) for pragma in OF_TABLES}
            said[table, "indexes"] = ask('select name, "unique", origin, partial from pragma_index_list(?)', table)
            for index, *_ in said[table, "indexes"]:
                said[table, index] = ask("select * from pragma_index_xinfo(?)", index)
                assert said[table, index]
        assert {name for kind, name, _ in said["things"] if kind == "table"} >= {"run", "seal", "alembic_version"}
        return said


def on_a_server(address):
    """Everything that a PostgreSQL server says of the schema."""
    with psycopg.connect(address) as connection:
        said = {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in ON_A_SERVER.items()}
        assert len(said["columns"]) > 200
        assert len(said["sequences"]) > 5
        return said


def built(engine, way):
    with engine.begin() as connection:
        way(connection)
    engine.dispose()


FORGOTTEN = (
    "alter table run add column forgotten text",
    "create index forgotten on run (host)",
    "drop index table_load_quarantined; create index table_load_quarantined on table_load (finished_at)",
    "create view forgotten_view as select run_id from run",
    "update alembic_version set version_num = '0000'",
)
"""What a migration may do that the tables of the code do not know: each has to be seen by what compares two stores."""


def changed(engine, statements):
    with engine.begin() as connection:
        for statement in statements.split(";"):
            connection.execute(text(statement))
    engine.dispose()


def is_like(made, migrated, said, connect):
    """Prove that a database says the same of tables made whole as of migrated ones, and of forgotten ones that it does not."""
    built(connect(migrated), migrate)
    seen = [said(made)]
    assert said(migrated) == seen[0]
    for change in FORGOTTEN:
        changed(connect(migrated), change)
        assert said(migrated) not in seen, change
        seen.append(said(migrated))


def test_a_new_file_is_like_a_migrated_one(path, host, tmp_path):
    RunStore.at(path, host=host).close()
    is_like(path, tmp_path / "migrated.db", in_a_file, connect_file)


def test_new_tables_on_a_server_are_like_migrated_ones(shared_postgres):
    made = shared_postgres.database()
    RunStore.on(made).close()
    is_like(made, shared_postgres.database(), on_a_server, connect_server)


def test_a_new_store_needs_no_library_of_migrations(tmp_path):
    program = f"""
import sys
from pathlib import Path
from lakesmith.host import Host
from lakesmith.monitor.store import RunStore
RunStore.at(Path({str(tmp_path)!r}) / "runs.db", host=Host()).close()
print("alembic" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
    assert in_a_file(tmp_path / "runs.db")["version"]


def test_a_table_of_somebody_else_is_not_taken_for_ours(path, host):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table seal (anything text)")
        connection.execute("insert into seal values ('theirs')")
        connection.commit()
    with pytest.raises(StorageUnavailableError, match="table seal already exists"):
        RunStore.at(path, host=host)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select * from seal").fetchall() == [("theirs",)]
        assert connection.execute("select name from sqlite_master").fetchall() == [("seal",)]


def test_a_store_that_was_made_half_is_made_whole(path, host):
    """A file that was begun and never written to is what a process leaves behind that ended between opening and making."""
    path.parent.mkdir()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma journal_mode = wal")
    engine.dispose()
    RunStore.at(path, host=host).close()
    assert in_a_file(path)["version"]
