"""Every type of a mart arrives exactly, or is refused without its value."""

import pytest

from lakesmith.errors import PublishError
from lakesmith.run.publishers.postgres import PostgresPublisher

EXACT = {
    "smallint": ("(-128)::tinyint", "smallint", "-128"),
    "unsigned": ("4294967295::uinteger", "bigint", "4294967295"),
    "ubigint": ("18446744073709551615::ubigint", "numeric(20,0)", "18446744073709551615"),
    "bigint": ("(-9223372036854775808)::bigint", "bigint", "-9223372036854775808"),
    "decimal": (
        "'-1234567890123456789012345678.9012345678'::decimal(38,10)",
        "numeric(38,10)",
        "-1234567890123456789012345678.9012345678",
    ),
    "small decimal": ("1.50::decimal(4,2)", "numeric(4,2)", "1.50"),
    "double": ("0.1::double", "double precision", "0.1"),
    "large double": ("1.7976931348623157e308::double", "double precision", "1.7976931348623157e+308"),
    "nan": ("'nan'::double", "double precision", "NaN"),
    "infinite": ("'-inf'::float", "real", "-Infinity"),
    "real": ("0.1::float", "real", "0.1"),
    "minus zero": ("'-0.0'::double", "double precision", "-0"),
    "text": ("'zoë' || chr(10) || chr(13) || '\"q\",\\N\\.' || chr(9)", "text", 'zoë\n\r"q",\\N\\.\t'),
    "empty": ("''", "text", ""),
    "end of copy": ("'\\.'", "text", "\\."),
    "bytes": ("'\\x00\\xFF\\x5C'::blob", "bytea", "\\x00ff5c"),
    "no bytes": ("''::blob", "bytea", "\\x"),
    "date": ("date '0001-01-01'", "date", "0001-01-01"),
    "date bc": ("date '0044-03-15 (BC)'", "date", "0044-03-15 BC"),
    "date infinite": ("'-infinity'::date", "date", "-infinity"),
    "timestamp": (
        "timestamp '2026-03-29 02:30:00.000001'",
        "timestamp without time zone",
        "2026-03-29 02:30:00.000001",
    ),
    "timestamp far": ("timestamp '12026-01-01 00:00:00'", "timestamp without time zone", "12026-01-01 00:00:00"),
    "moment": ("timestamptz '2026-03-29 02:30:00.5+02'", "timestamp with time zone", "2026-03-29 00:30:00.5+00"),
    "moment infinite": ("'infinity'::timestamptz", "timestamp with time zone", "infinity"),
    "time": ("time '23:59:59.999999'", "time without time zone", "23:59:59.999999"),
    "interval": ("interval '14 months 2 days 3.5 seconds'", "interval", "1 year 2 mons 2 days 00:00:03.5"),
    "uuid": ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "boolean": ("false", "boolean", "false"),
    "list": ("[1, null, 3]::integer[]", "integer[]", "{1,NULL,3}"),
    "no items": ("[]::varchar[]", "text[]", "{}"),
    "texts": ("['a,b', null, 'NULL', '', 'q\"\\x', '{}']", "text[]", '{"a,b",NULL,"NULL","","q\\"\\\\x","{}"}'),
    "amounts": ("[1.50, 2.25]::decimal(9,2)[]", "numeric(9,2)[]", "{1.50,2.25}"),
    "blobs": ("['\\x00'::blob]", "bytea[]", '{"\\\\x00"}'),
    "days": ("[date '2026-01-01', null]", "date[]", "{2026-01-01,NULL}"),
    "struct": ("{'x': 1, 'y': ['q\"', null]}", "jsonb", '{"x": 1, "y": ["q\\"", null]}'),
    "precise struct": (
        "{'p': 12345678901234567890.123456789::decimal(38,9)}",
        "jsonb",
        '{"p": 12345678901234567890.123456789}',
    ),
    "map": ("map {'a': 1}", "jsonb", '{"a": 1}'),
    "lists": ("[[1, 2], [3]]", "jsonb", "[[1, 2], [3]]"),
    "json": ('\'{"b": 1.50, "a": null}\'::json', "jsonb", '{"a": null, "b": 1.50}'),
}


@pytest.mark.parametrize("mode", ["replace", "upsert"])
def test_every_type_is_exact_and_null_is_null(outbox, mode):
    columns = ", ".join(f'{value} as "{name}"' for name, (value, _, _) in EXACT.items())
    nulls = ", ".join(f'null as "{name}"' for name in EXACT)
    how = {"mode": mode, "key": ["ü #"]}
    outbox.send(f'select 1 as "ü #", {columns}', **how)
    outbox.send(f'select 1 as "ü #", {columns} union all by name select 2 as "ü #", {nulls}', **how)
    texts = ", ".join(f'"{name}"::text' for name in EXACT)
    kinds = ", ".join(f'format_type(pg_typeof("{name}"), null)' for name in EXACT)
    found, empty = outbox.ask(f'select {texts} from mart_a order by "ü #"', timezone="'UTC'", bytea_output="hex")
    assert dict(zip(EXACT, found, strict=True)) == {name: text for name, (_, _, text) in EXACT.items()}
    assert set(empty) == {None}
    assert len(outbox.ask(f"select {kinds} from mart_a")) == 2
    declared = dict(
        outbox.ask(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'mart_a'::regclass"
        )
    )
    assert {name: declared[name] for name in EXACT} == {name: kind for name, (_, kind, _) in EXACT.items()}


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ("'secret' || chr(0)", "PostgreSQL cannot hold a value"),
        ("{'x': 'secret' || chr(0)}", "PostgreSQL cannot hold a value of v"),
        ("date '5881580-07-10'", "PostgreSQL cannot hold a value of v"),
    ],
)
def test_what_postgresql_cannot_hold_is_refused_without_the_value(outbox, value, match):
    outbox.send("select 0 as v")
    with pytest.raises(PublishError, match=match) as refused:
        outbox.send(f"select {value} as v")
    assert "secret" not in str(refused.value)
    assert outbox.rows() == [(0,)]


def test_names_that_would_be_cut_are_refused(outbox):
    with pytest.raises(PublishError, match="has a longer name than PostgreSQL takes: 63 bytes"):
        outbox.send(f'select 1 as "{"ü" * 32}"')
    with pytest.raises(PublishError, match=r"The table t{64} has a longer name"):
        outbox.send("select 1 as id", table="t" * 64)


def test_faults_of_the_address_are_told_without_the_password(outbox):
    wrong = outbox.url.replace("pass-word", "wr0ng")
    for url, match in ((wrong, "refuses the user or the password"), (outbox.url + "x", "no such database")):
        with pytest.raises(PublishError, match=match) as refused:
            PostgresPublisher(PostgresPublisher.Options(url=url)).publish(outbox.dataset("select 1 as id"), "p")
        assert "wr0ng" not in str(refused.value)
    with pytest.raises(PublishError, match="There is no schema nowhere"):
        outbox.send("select 1 as id", schema="nowhere")
    with pytest.raises(PublishError, match="A role or a type is missing"):
        outbox.send("select 1 as id", readers=["nobody_here"])
