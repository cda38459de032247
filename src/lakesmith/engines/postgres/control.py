"""The schema `lakesmith`: what the engine has to remember, and the functions that its dbt macros call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConfigError

if TYPE_CHECKING:
    import psycopg

FORMAT = 1
GATE = 0x4C414B45
"""The advisory lock under which bronze and the control schema change, within one transaction."""

TABLES = (
    "create schema if not exists lakesmith",
    "comment on schema lakesmith is 'What Lakesmith remembers: which snapshots of bronze are copied, and what readers have'",
    "create table if not exists lakesmith.format (format integer not null)",
    """create table if not exists lakesmith.bronze (
        schema_name text, table_name text, lake text not null, snapshot_id bigint, files jsonb not null, columns jsonb not null,
        copied_at timestamp with time zone not null default now(), primary key (schema_name, table_name))""",
    """create table if not exists lakesmith.manifests (
        id bigint generated always as identity primary key, target text not null, version text not null unique, content jsonb not null,
        committed_at timestamp with time zone not null default now())""",
)

FUNCTIONS = (
    # Text that is no percent-encoded UTF-8 stays as it is, as a whole.
    """create or replace function lakesmith.percent_decode(value text) returns text
        language plpgsql immutable strict parallel safe as $$
        begin
          if position('%' in value) = 0 then
            return value;
          end if;
          return (
            select convert_from(string_agg(
              case when part[1] ~ '^%[0-9a-fA-F]{2}$' then decode(substr(part[1], 2), 'hex') else convert_to(part[1], 'UTF8') end,
              ''::bytea order by place), 'UTF8')
            from regexp_matches(value, '%[0-9a-fA-F]{2}|[^%]+|%', 'g') with ordinality as found (part, place));
        exception when character_not_in_repertoire or untranslatable_character then
          return value;
        end $$""",
    # The last value in the order of the call, null if it is null.
    """create or replace function lakesmith.keep_last(state anyelement, value anyelement) returns anyelement
        language plpgsql immutable parallel safe as $$ begin return value; end $$""",
    "create or replace aggregate lakesmith.newest(anyelement) (sfunc = lakesmith.keep_last, stype = anyelement)",
    # The usual table of costs, row by row.
    """create or replace function lakesmith.edit_distance(one text, other text) returns integer
        language plpgsql immutable strict parallel safe as $$
        declare
          above integer[];
          here integer[];
        begin
          above := array(select generate_series(0, length(other)));
          for i in 1..length(one) loop
            here := array[i];
            for j in 1..length(other) loop
              here := here || least(here[j] + 1, above[j + 1] + 1,
                above[j] + case when substr(one, i, 1) = substr(other, j, 1) then 0 else 1 end);
            end loop;
            above := here;
          end loop;
          return above[length(other) + 1];
        end $$""",
)


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Make the control schema as this version needs it, inside the caller's transaction; whoever else wants to waits.

    Raises:
        ConfigError: If a newer version of Lakesmith made it.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", [GATE])
    found = _format(connection)
    if found == FORMAT:
        return
    if found > FORMAT:
        raise ConfigError(
            "A newer Lakesmith has worked in this database.",
            where="schema lakesmith",
            fix="install that version here too: `pip install --upgrade lakesmith`",
        )
    for statement in (*TABLES, *FUNCTIONS, "truncate lakesmith.format"):
        connection.execute(statement)
    connection.execute("insert into lakesmith.format values (%s)", [FORMAT])


def exists(connection: psycopg.Connection[Any]) -> bool:
    """Return whether anything was ever prepared here."""
    row = connection.execute("select to_regclass(%s)", ["lakesmith.manifests"]).fetchone()
    return bool(row and row[0])


def _format(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("select to_regclass(%s)", ["lakesmith.format"]).fetchone()
    found = connection.execute("select format from lakesmith.format").fetchone() if row and row[0] else None
    return int(found[0]) if found else 0
