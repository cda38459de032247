"""A small project whose every input holds values that must not be seen, and all that can be asked of it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "monitor" / "alerts"), str(TESTS / "console")]

import yaml
from canaries import PERSONAL, SECRET, Canaries, contents_of, files_below, leaks, mail_text
from console_visitor import Visitor, links_of
from e2e_home import Home
from receivers import WebReceiver, mail_server

import lakesmith
from lakesmith.console import serving
from lakesmith.console.routes import PAGES

ON = ("--date", "2026-10-01")
INPUTS = (".env", "lakesmith.yml", "data", "models", "key.txt", "tests", "macros", "dbt_project.yml")
"""What the project's own people wrote."""
ROWS = (".lakesmith/build", "warehouse/marts", "warehouse/local.duckdb", "final", "lake")
"""Where rows belong: the lake, what is built of it, what readers open, what is published. No secret belongs there."""
RECORD = "lake/record"
"""Rows of the lake that are not rows of the sources: what the record of runs says."""

MODELS = """
version: 2
sources:
  - name: desk
    schema: bronze_desk
    tables: [{name: people}, {name: notes}, {name: web}]
models:
  - name: mart_people
    columns:
      - {name: name, data_tests: [unique]}
      - {name: mail, data_tests: [not_null]}
      - name: diagnosis
        data_tests: [{accepted_values: {arguments: {values: [cough, flu]}}}]
  - name: mart_warned
    columns:
      - {name: diagnosis, data_tests: [{accepted_values: {arguments: {values: [cough]}, config: {severity: warn}}}]}
"""
GOOD = {
    "mart_people": "select person_id, name, mail, diagnosis, phone, seen_at from {{ source('desk', 'people') }}",
    "mart_warned": "select diagnosis, count(*) as people from {{ source('desk', 'people') }} group by 1",
}
BAD = {
    "bad_cast": "select cast(name as integer) as n from {{ source('desk', 'people') }}",
    "bad_date": "select strptime(name, '%Y-%m-%d') as n from {{ source('desk', 'people') }}",
    "bad_error": "select error('no such person: ' || name) as n from {{ source('desk', 'people') }}",
    "bad_pattern": "select regexp_matches('a', '(' || name) as n from {{ source('desk', 'people') }}",
    "bad_json": "select cast(name as json) as n from {{ source('desk', 'people') }}",
    "bad_number": "select cast(phone as tinyint) as n from {{ source('desk', 'people') }}",
    "bad_sum": "select phone * phone * phone as n from {{ source('desk', 'people') }}",
    "bad_enum": "select cast(diagnosis as enum('cough')) as n from {{ source('desk', 'people') }}",
    "bad_compiled": (
        "{% if execute %}{% set got = run_query('select max(name) from ' ~ source('desk', 'people')) %}"
        "{{ exceptions.raise_compiler_error('nobody is called ' ~ got.columns[0][0]) }}{% endif %} select 1 as n"
        " -- {{ source('desk', 'people') }}"
    ),
    "bad_warning": (
        "{% if execute %}{% set got = run_query('select max(name) from ' ~ source('desk', 'people')) %}"
        "{{ exceptions.warn('somebody is called ' ~ got.columns[0][0]) }}{% endif %} select 1 as n"
        " -- {{ source('desk', 'people') }}"
    ),
}


def project(**more):
    """Return what `lakesmith.yml` says."""
    said = {
        "version": 1,
        "name": "desk",
        "sources": {
            "desk": {
                "type": "files",
                "root": "data",
                "columns": {"people.insured": {"mask": "hash", "salt": "${env:SALT}"}},
                "streams": {
                    "people": {
                        "files": "people/{date}.csv",
                        "key": "person_id",
                        "mode": "dedupe",
                        "columns": {
                            "phone": {"type": "long", "on_drift": "quarantine"},
                            "seen_at": {"type": "timestamp", "on_drift": "quarantine"},
                        },
                    },
                    "notes": {"files": "notes/{date}.jsonl", "on_drift": "quarantine"},
                    "web": {"files": "web/*.log", "format": "combined"},
                    "forms": {"files": "forms/*.csv", "columns": {"mail": {"mask": "hash", "salt": "${file:key.txt}"}}},
                },
            },
            "record": {
                "type": "lakesmith",
                "streams": [
                    f"lakesmith_{what}"
                    for what in [
                        "runs",
                        "steps",
                        "loads",
                        "checks",
                        "drift",
                        "errors",
                        "costs",
                        "judgements",
                        "incidents",
                    ]
                ],
            },
        },
        "publish": {"tables": {"select": "mart_people", "format": "csv", "path": "final/{name}/{date}/"}},
        "alerts": {
            "channels": {
                "boss": {"type": "slack", "url": "${env:SLACK_URL}", "private": True},
                "team": {"type": "webhook", "url": "${env:HOOK_URL}", "secret": "${env:HOOK_KEY}", "private": True},
                "post": {
                    "type": "email",
                    "host": "127.0.0.1",
                    "port": 25,
                    "security": "none",
                    "sender": "data@desk.example",
                    "to": ["team@desk.example"],
                    "private": True,
                },
            },
            "grouping": {"wait": "1s", "update": "1s"},
            "heartbeat": {"url": "${env:SIGN_URL}", "private": True},
        },
    }
    for name, value in more.items():
        said[name] = {**said.get(name, {}), **value}
    return said


@dataclass
class Yard:
    """The project, who listens to it, and what it let out so far: place, kind of place and content."""

    home: Home
    canaries: Canaries
    out: list = field(default_factory=list)
    web: WebReceiver | None = None
    mailbox: object = None
    mail_port: int = 0
    variables: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)

    @property
    def root(self):
        return self.home.root

    def write(self, path, content):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def begin(self, stack):
        """Write the project with its first day, and serve those who get its messages."""
        c = self.canaries
        self.web = stack.enter_context(WebReceiver().serving())
        self.mailbox, self.mail_port = stack.enter_context(mail_server())
        hook = f"http://127.0.0.1:{self.web.port}"
        self.variables = {
            "SALT": c.secret("salt"),
            "HOOK_KEY": c.secret("webhook key"),
            "SLACK_URL": f"{hook}/services/{c.secret('slack address')}",
            "HOOK_URL": f"{hook}/hook/{c.secret('webhook address')}",
            "SIGN_URL": f"{hook}/sign/{c.secret('heartbeat address')}",
        }
        said = project()
        said["alerts"]["channels"]["post"]["port"] = self.mail_port
        self.write("key.txt", c.secret("salt in a file"))
        self.configure(said)
        self.write(
            "dbt_project.yml",
            (Path(__file__).parent / "projects/shop/dbt_project.yml").read_text().replace("shop", "desk"),
        )
        self.write(
            "macros/names.sql", (Path(__file__).parent / "projects/shop/macros/generate_schema_name.sql").read_text()
        )
        self.write("models/models.yml", MODELS)
        self.models(GOOD)
        self.first_day()

    def configure(self, said):
        self.write("lakesmith.yml", yaml.safe_dump(said, sort_keys=False))
        self.write(".env", "".join(f'{name}="{value}"\n' for name, value in self.variables.items()))

    def models(self, texts):
        for name, text in texts.items():
            self.write(f"models/marts/{name}.sql", text)

    def person(self, number, about, *, diagnosis="flu", phone=None, seen_at="2026-10-01 08:00:00", mail=None):
        c = self.canaries
        phone = c.number(f"phone of {about}") if phone is None else phone
        mail = c.mail(f"mail of {about}") if mail is None else mail
        return f"{number},{c.person(f'name of {about}')},{mail},{diagnosis},{phone},{c.word(f'insured {about}')},{seen_at}\n"

    def first_day(self):
        c, head = self.canaries, "person_id,name,mail,diagnosis,phone,insured,seen_at\n"
        self.write("data/people/2026-10-01.csv", head + self.person(1, "somebody") + self.person(2, "another"))
        self.write("data/notes/2026-10-01.jsonl", json.dumps({"id": 1, "note": c.word("note")}) + "\n")
        line = f'127.0.0.1 - {c.word("user of the web")} [01/Oct/2026:08:00:00 +0000] "GET /?mail={c.mail("mail in an address")} HTTP/1.1" 200 5 "-" "x"\n'
        self.write("data/web/a.log", line)
        self.write("data/forms/a.csv", f"id,mail,age\n1,{c.mail('masked mail')},30\n")

    def second_day(self):
        """Deliver what breaks: rejects of every kind, a new category, a new column, doubles, a missing value, files that are none."""
        c, head = self.canaries, "person_id,name,mail,diagnosis,phone,insured,seen_at,nickname\n"
        twin = self.person(3, "a twin")
        rows = [
            f"{twin.rstrip()},{c.word('nickname')}\n",
            f"{twin.rstrip()},x\n".replace("3,", "4,", 1),
            self.person(5, "a new category", diagnosis=c.word("category")).rstrip() + ",x\n",
            self.person(6, "a reject", phone=c.word("phone that is none")).rstrip() + ",x\n",
            self.person(7, "a reject by time", seen_at=c.word("time that is none")).rstrip() + ",x\n",
            self.person(8, "nobody's mail", mail="").rstrip() + ",x\n",
            f"9,{c.person('name in a long row')},{c.mail('mail in a long row')},a,b,c,d,e,f,g,h\n",
            f'10,"{c.person("name in an open quote")},never closed\n',
            "\n",
        ]
        self.write("data/people/2026-10-02.csv", head + "".join(rows))
        notes = [
            json.dumps({"id": c.word("id of another type"), "note": {"to": c.word("word inside a note")}}),
            '{"id": 3, "note": "' + c.word("note that breaks off"),
            json.dumps([c.word("note in a list")]),
        ]
        self.write("data/notes/2026-10-02.jsonl", "\n".join(notes) + "\n")
        self.write("data/web/b.log", f"{c.word('a line that is none')} {c.mail('mail in a line that is none')}\n")
        self.write(
            "data/forms/b.csv",
            f"id,mail,age\n2,{c.mail('mail in a masked reject')},{c.word('age that is none')}\n3,{c.word('short row')}\n",
        )
        self.write(
            "data/people/2026-10-03.csv", b"\xff\xfe\x00" + c.word("file of no encoding").encode() + b"\x00\x81\xff"
        )

    def ask(self, *words, env=None):
        """Run a command, and keep what it says."""
        ran = self.home.lakesmith(*words, env={**self.environment, **(env or {})})
        kind = "rows asked for" if words[:2] == ("quarantine", "show") or words[0] in ("query", "dbt") else "terminal"
        self.out.append((f"lakesmith {' '.join(words)}", kind, f"{ran.out}\n{ran.err}"))
        assert "a fault of Lakesmith itself" not in ran.err, (words, ran.err)
        return ran

    def visit(self, of_a_kind=1000):
        """Look at every page and its twin, as somebody who was let in; at no more than so many of those that differ by their key."""
        with serving(lakesmith.open(self.root), port=0) as link:
            visitor = Visitor(int(link.split(":")[2].partition("/")[0]))
            visitor.enter(link)
            todo, seen, kinds = {page.path for page in PAGES if "{" not in page.path}, set(), Counter()
            while todo:
                path = min(todo)
                todo.remove(path)
                seen.add(path)
                kind = (path.split("/")[1], path.count("/"), ".json" in path, "?" in path)
                kinds[kind] += 1
                if kinds[kind] > of_a_kind and kind[1] > 1:
                    continue
                answer = visitor.ask(path)
                assert answer.status == 200, (path, answer.status, answer.body[:300])
                self.out.append((f"console {path}", "page", f"{answer.headers}\n{answer.body}"))
                if ".json" not in path:
                    first, *asked = path.split("?")
                    todo |= {"?".join(["/today.json" if first == "/" else f"{first}.json", *asked])} - seen
                    todo |= {one for one in links_of(answer.body) if self._ours(one)} - seen
            return seen

    @staticmethod
    def _ours(link):
        heads = {page.path.partition("{")[0].rstrip("/") for page in PAGES} - {""}
        return link.partition("?")[0] != "" and any(
            link == head or link.startswith((f"{head}/", f"{head}?")) for head in heads
        )

    def collect(self):
        """Take what lies in the folder and what receivers got to what was let out."""
        for file in files_below(self.root, *INPUTS):
            place = str(file.relative_to(self.root))
            if place in ("lake/catalog.db-shm", ".lakesmith/runs.db-shm"):
                continue
            for content in contents_of(file):
                self.out.append((place, self._kind(place), content))
        for path, headers, body in self.web.got:
            self.out.append((f"request to {path[:6]}", "message", f"{headers}\n".encode() + body))
        for _, _, mail in self.mailbox.mails:
            self.out.append(("mail", "message", mail_text(mail)))

    @staticmethod
    def _kind(place):
        if place.startswith(RECORD):
            return "record"
        if place.startswith(ROWS):
            return "rows"
        return "report" if place.startswith("warehouse/report/") else "file"

    def leaks(self):
        """Return what is where it must not be."""
        found = []
        for place, kind, content in self.out:
            wanted = (SECRET,) if kind in ("rows", "rows asked for") else (SECRET, PERSONAL)
            known = [one for one in self.canaries if one.kind in wanted]
            if kind == "report":
                head, tables, rest = _parts_of_report(content)
                shown = [one for one in known if one.kind == SECRET or not one.name.endswith(MART)]
                found += leaks(known, place, head + rest) + leaks(shown, f"{place}, tables", tables)
            else:
                found += leaks(known, place, content)
        return found


MART = ("somebody", "another", "a twin", "a new category", "nobody's mail", "category")
"""Whose rows came through, and stand in a mart."""


def _parts_of_report(content):
    text = content.decode()
    at = text.index('id="marts"') if 'id="marts"' in text else 0
    end = text.index("</section>", at) if at else 0
    return text[:at], text[at:end], text[end:]
