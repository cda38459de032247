"""What people get wrong, and what they are told: the text below is the whole text."""

import pytest

HEAD = "version: 1\nname: acme\n"
SHOP = HEAD + "sources:\n  shop:\n    type: shop\n"
LEADS = SHOP + "    streams:\n      leads:\n"

GALLERY = {
    "unknown stream key": (
        LEADS + "        fliter: {a: 1}\n",
        ['lakesmith.yml:8: sources.shop.streams.leads: unknown key "fliter", did you mean "filter"?'],
    ),
    "unknown stream key of ours": (
        LEADS + "        on_drfit: freeze\n",
        ['lakesmith.yml:8: sources.shop.streams.leads: unknown key "on_drfit", did you mean "on_drift"?'],
    ),
    "unknown source key": (
        SHOP + "    prt: 80\n    streams: [a]\n",
        ['lakesmith.yml:6: sources.shop: unknown key "prt", did you mean "port"?'],
    ),
    "unknown nested key": (
        SHOP + "    streams: [a]\n    retry:\n      # why\n      atempts: 3\n",
        ['lakesmith.yml:9: sources.shop.retry: unknown key "atempts", did you mean "attempts"?'],
    ),
    "unknown top key": (
        HEAD + "scheduel: {}\n",
        ['lakesmith.yml:3: unknown key "scheduel", did you mean "schedule"?'],
    ),
    "unknown column key": (
        LEADS + "        columns: {email: {maks: hash}}\n",
        ['lakesmith.yml:8: sources.shop.streams.leads.columns.email: unknown key "maks", did you mean "mask"?'],
    ),
    "column type": (
        LEADS + "        columns: {a: {type: strng}, b: {type: 'decimal(10, 12)'}}\n",
        [
            ("lakesmith.yml:8: sources.shop.streams.leads.columns.a.type: is not a type: boolean, int, long, float, double, date, "
            'timestamp, timestamptz, string, binary or decimal(18, 2), did you mean "string"?'),
            ("lakesmith.yml:8: sources.shop.streams.leads.columns.b.type: is not a type: boolean, int, long, float, double, date, "
            "timestamp, timestamptz, string, binary or decimal(18, 2)"),
        ],
    ),
    "column format": (
        LEADS + "        columns: {a: {format: '%d.%m.%Y'}}\n",
        [
            ("lakesmith.yml:8: sources.shop.streams.leads.columns.a.format: format '%d.%m.%Y' is no example: write 1234.56 as the source "
            "does (`1.234,56 €`), or 31 December 2024, 23:59 (`12/31/2024 11:59 PM`, `31-Dec-24`), or the words for true and false "
            "(`yes/no`)")
        ],
    ),
    "column of no stream": (
        SHOP + "    streams: [customers]\n    columns:\n      customer.email: {mask: hash}\n      email: {mask: hash}\n",
        [
            'lakesmith.yml:8: sources.shop.columns: "customer.email" names no stream of this source, did you mean "customers"?',
            'lakesmith.yml:9: sources.shop.columns: "email" should be written as stream.column',
        ],
    ),
    "unknown source type": (
        HEAD + "sources: {a: {type: shopp, streams: [x]}}\n",
        [
            ('lakesmith.yml:3: sources.a.type: no source type "shopp" is installed, did you mean "shop"?; '
            "installed are: legacy, replica, shop")
        ],
    ),
    "no source type": (
        HEAD + "sources:\n  a:\n    streams: [x]\n",
        ['lakesmith.yml:4: sources.a: missing key "type"'],
    ),
    "no streams": (
        HEAD + "sources: {a: {type: shop}}\n",
        ['lakesmith.yml:3: sources.a: missing key "streams": name what to load'],
    ),
    "streams of a wrong shape": (
        HEAD + "sources:\n  a: {type: shop, streams: orders}\n  b: {type: shop, streams: [x, {y: 1}, x, Z]}\n  c: 5\n",
        [
            "lakesmith.yml:4: sources.a.streams: should be a mapping from stream names to settings, or a list of stream names",
            "lakesmith.yml:5: sources.b.streams[1]: should be the name of a stream; write a mapping to give streams settings",
            'lakesmith.yml:5: sources.b.streams[2]: the stream "x" is named twice',
            ('lakesmith.yml:5: sources.b.streams[3]: the name "Z" should be lower case letters, digits and _, '
            "start with a letter and have 63 characters at most"),
            "lakesmith.yml:6: sources.c: should be a mapping",
        ],
    ),
    "missing connector key": (
        HEAD + "sources:\n  old:\n    type: legacy\n",
        ['lakesmith.yml:4: sources.old: missing key "database"'],
    ),
    "wrong types": (
        SHOP + "    port: many\n    verify: sometimes\n    retry: 3\n    streams:\n      a: {files: 7}\n      b: {files: {x: 1}}\n",
        [
            "lakesmith.yml:6: sources.shop.port: should be a whole number, not text",
            "lakesmith.yml:7: sources.shop.verify: should be true or false, not text",
            "lakesmith.yml:8: sources.shop.retry: should be a mapping, not a number",
            "lakesmith.yml:10: sources.shop.streams.a.files: should be text or a list, not a number: write it in quotes",
            "lakesmith.yml:11: sources.shop.streams.b.files: should be text or a list, not a mapping",
        ],
    ),
    "out of bounds": (
        SHOP + "    port: 70000\n    retry: {wait: 0}\n    streams: [a]\n",
        [
            "lakesmith.yml:6: sources.shop.port: should be 65535 or less",
            "lakesmith.yml:7: sources.shop.retry.wait: should be more than 0",
        ],
    ),
    "a word that is not one of the words": (
        LEADS + "        format: cvs\n        on_drift: freze\n",
        [
            'lakesmith.yml:8: sources.shop.streams.leads.format: should be one of csv, json, did you mean "csv"?',
            ("lakesmith.yml:9: sources.shop.streams.leads.on_drift: should be one of evolve, freeze, quarantine, ignore, "
            'did you mean "freeze"?'),
        ],
    ),
    "dedupe without key": (
        LEADS + "        mode: dedupe\n",
        [
            ('lakesmith.yml:7: sources.shop.streams.leads: missing key "key": mode dedupe needs the column, or columns, '
            "that identify a record")
        ],
    ),
    "no key": (LEADS + "        key: []\n", ["lakesmith.yml:8: sources.shop.streams.leads.key: names no column"]),
    "wrong inside a list": (
        LEADS + "        files:\n          - a\n          - 2\n          - {b: 1}\n",
        [
            "lakesmith.yml:10: sources.shop.streams.leads.files[1]: should be text, not a number: write it in quotes",
            "lakesmith.yml:11: sources.shop.streams.leads.files[2]: should be text, not a mapping",
        ],
    ),
    "true is not 1": ("version: true\nname: acme\n", ["lakesmith.yml:1: version: should be 1"]),
    "key twice": (LEADS + "        key: [a, a]\n", ["lakesmith.yml:8: sources.shop.streams.leads.key: names a column twice"]),
    "mode the source cannot do": (
        SHOP + "    mode: cdc\n    streams:\n      a: {mode: replace}\n      b: {}\n",
        [
            'lakesmith.yml:6: sources.shop.mode: a shop source cannot do mode "cdc", it can do: append, dedupe',
            'lakesmith.yml:8: sources.shop.streams.a.mode: a shop source cannot do mode "replace", it can do: append, dedupe',
        ],
    ),
    "two limits": (
        LEADS + "        max_rejects: 5\n        max_rejects_share: 0.1\n",
        ["lakesmith.yml:7: sources.shop.streams.leads: takes either `max_rejects` or `max_rejects_share`"],
    ),
    "names": (
        HEAD.replace("acme", "Acme Ltd") + "sources: {My-Shop: {type: shop, streams: {Orders: }}}\ntargets: {" + "x" * 64 + ": }\n",
        [
            "lakesmith.yml:2: name: should be lower case letters, digits and _, start with a letter and have 63 characters at most",
            ('lakesmith.yml:3: sources: the name "My-Shop" should be lower case letters, digits and _, '
            "start with a letter and have 63 characters at most"),
            ('lakesmith.yml:3: sources.My-Shop.streams: the name "Orders" should be lower case letters, digits and _, '
            "start with a letter and have 63 characters at most"),
            (f'lakesmith.yml:4: targets: the name "{"x" * 64}" should be lower case letters, digits and _, '
            "start with a letter and have 63 characters at most"),
        ],
    ),
    "schedule": (
        HEAD + 'schedule:\n  cron: "0 25 * * *"\n  timezone: Europe/Berln\n  ready_by: 7:30\n',
        [
            "lakesmith.yml:4: schedule.cron: is not a cron line: the field for hour takes 0-23, *, lists, ranges and steps",
            ("lakesmith.yml:5: schedule.timezone: is not a time zone such as Europe/Berlin or UTC, "
            'did you mean "Europe/Berlin"?'),
            'lakesmith.yml:6: schedule.ready_by: should be a time of day such as "07:30"',
        ],
    ),
    "cron with six fields": (
        HEAD + 'schedule: {cron: "0 6 * * * *"}\n',
        ['lakesmith.yml:3: schedule.cron: is not a cron line: it needs 5 fields such as "0 6 * * *", and has 6'],
    ),
    "no rhythm": (HEAD + "schedule: {timezone: UTC}\n", ["lakesmith.yml:3: schedule: takes either `cron` or `every`"]),
    "pipelines": (
        HEAD + "pipelines:\n  orders: {schedule: {every: 2 hours}}\n",
        [
            'lakesmith.yml:4: pipelines.orders: missing key "select"',
            "lakesmith.yml:4: pipelines.orders.schedule.every: should be a duration such as 30m, 2h or 30d",
        ],
    ),
    "engine": (
        HEAD + "targets: {prod: {engine: duckbd}}\n",
        [
            'lakesmith.yml:3: targets.prod.engine: no engine "duckbd" is installed, did you mean "duckdb"?; installed are: duckdb'
        ],
    ),
    "targets": (
        HEAD
        + "default_target: prd\ntargets:\n  prod: {lake: s3://a, catalog: sqlite:///c.db}\n  prod2: {lake: s3://a/, catalog: sqlite:///d.db}\n  dev: {bronze: prood}\n"
        + "  me: {bronze: dev, ingest: true, thread: 2, sample: 0d}\n",
        [
            'lakesmith.yml:3: default_target: there is no target "prd", did you mean "prod"?',
            'lakesmith.yml:6: targets.prod2.lake: the target "prod" loads into this lake: write `bronze: prod` to read it',
            'lakesmith.yml:7: targets.dev.bronze: "prood" is no other target, did you mean "prod"?',
            'lakesmith.yml:8: targets.me: unknown key "thread", did you mean "threads"?',
            "lakesmith.yml:8: targets.me.sample: should be a duration such as 30m, 2h or 30d",
        ],
    ),
    "lakes": (
        HEAD
        + "targets:\n  a: {lake: s3://a/b}\n  b: {lake: ftp://x, catalog: mysql://y}\n  c: {lake: 's3://a b'}\n"
        + "  d: {lake: az://c, catalog: sqlite:///c.db}\n  e: {storage: {region: eu-west-1, regoin: x}}\n"
        + "  f: {storage: {region: eu-west-1}}\n  g: {lake: s3://a, catalog: sqlite://c.db, storage: {access_key: '${env:K:-k}'}}\n",
        [
            (
                "lakesmith.yml:4: targets.a.lake: a lake in a bucket needs a `catalog:`: postgresql://… for a team, "
                "or sqlite:///catalog.db for a file in this folder that this machine alone loads with"
            ),
            "lakesmith.yml:5: targets.b.lake: should be a folder of the project, or start with s3://, gs:// or az://",
            "lakesmith.yml:5: targets.b.catalog: should be the URL of a catalog: postgresql://…, sqlite:///path, glue://REGION or rest+https://…",
            "lakesmith.yml:6: targets.c.lake: should be a bucket and a plain path in it: letters, digits and . _ - / = + ~",
            "lakesmith.yml:7: targets.d.lake: an az:// lake needs the name of its storage account: `storage: {account: …}`",
            'lakesmith.yml:8: targets.e.storage: unknown key "regoin", did you mean "region"?',
            "lakesmith.yml:9: targets.f.storage: is for lakes in buckets, and this one is a folder",
            "lakesmith.yml:10: targets.g.catalog: should have three slashes before a path in the project, four before an absolute one",
            "lakesmith.yml:10: targets.g.storage: the value that its reference gives is not accepted",
        ],
    ),
    "targets that read": (
        HEAD + "targets:\n  prod: {lake: s3://a, catalog: sqlite:///c.db}\n  dev: {bronze: prod}\n  me: {bronze: dev, ingest: true}\n",
        [
            'lakesmith.yml:6: targets.me.bronze: "dev" reads the bronze of another target itself: name the owner',
            "lakesmith.yml:6: targets.me.ingest: a target that reads the bronze of another cannot load: only the owner may",
        ],
    ),
    "publish": (
        HEAD + 'publish:\n  a: {select: marts, format: parqet, path: "x/{nme}/"}\n  b: {format: csv, delimeter: ;, path: "x/{"}\n',
        [
            'lakesmith.yml:4: publish.a.format: no format "parqet" is installed, did you mean "parquet"?; installed are: csv, parquet',
            ("lakesmith.yml:4: publish.a.path: has an unknown placeholder {nme}, known are {name}, {date}, {target}, {run}, "
            'did you mean "name"?'),
            'lakesmith.yml:5: publish.b: missing key "select"',
            'lakesmith.yml:5: publish.b: unknown key "delimeter", did you mean "delimiter"?',
            "lakesmith.yml:5: publish.b.path: has a brace without its partner",
        ],
    ),
    "references": (
        HEAD + "default_target: ${env:TARGET}\nschedule: {cron: $HOME, timezone: '${TZ}'}\nx-a: '${vault:x}'\nx-b: '${env:A'\n",
        [
            "lakesmith.yml:3: default_target: ${env:TARGET} has no value: TARGET is not set in the environment and in .env",
            'lakesmith.yml:4: schedule.cron: is not a cron line: it needs 5 fields such as "0 6 * * *", and has 1',
            "lakesmith.yml:4: schedule.timezone: ${TZ} is not a reference: write ${env:TZ}, or $${ for the characters themselves",
        ],
    ),
    "no version": ("name: acme\n", ['lakesmith.yml:1: missing key "version": write `version: 1`']),
    "newer version": (
        "# comment\nversion: 2\nname: {}\n",
        ["lakesmith.yml:2: version: 2 is newer than 1, the newest that this Lakesmith reads: pip install -U lakesmith"],
    ),
    "other version": ('version: "1.0"\nname: acme\n', ["lakesmith.yml:1: version: should be 1"]),
    "empty": ("", ['lakesmith.yml:1: missing key "name"', 'lakesmith.yml:1: missing key "version": write `version: 1`']),
    "a list": ("- a\n", ["lakesmith.yml:1: should be a mapping that starts with `version: 1`"]),
    "duplicate keys": (
        LEADS + "        files: a\n        # again\n        files: b\n      leads: {}\n",
        [
            'lakesmith.yml:10: sources.shop.streams.leads: duplicate key "files", first written on line 8',
            'lakesmith.yml:11: sources.shop.streams: duplicate key "leads", first written on line 7',
        ],
    ),
    "a tab": ("version: 1\nschedule:\n\tcron: x\n", ["lakesmith.yml:3: column 1: not valid YAML: a tab stands where YAML wants spaces"]),
    "not UTF-8": (b"version: 1\nname: caf\xe9\n", ["lakesmith.yml:2: not UTF-8 text: save the file as UTF-8"]),
    "a control character": (
        "version: 1\nname: a\x07\n",
        ["lakesmith.yml:2: column 8: a control character (U+0007) is not allowed in YAML"],
    ),
    "an unknown alias": ("version: 1\nname: *nme\n", ["lakesmith.yml:2: column 7: not valid YAML: an alias (*name) has no anchor (&name) before it"]),
    "an object": (
        "version: 1\nname: !!python/object/apply:os.getcwd []\n",
        ["lakesmith.yml:2: name: the tag tag:yaml.org,2002:python/object/apply:os.getcwd is not allowed in a project file"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), GALLERY.values(), ids=GALLERY.keys())
def test_faults(folder, text, expected):
    assert folder.faults(text) == expected
