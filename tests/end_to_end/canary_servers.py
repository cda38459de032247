"""Servers for the yard: a database, a document store and an API, whose passwords and contents must not be seen."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import closing, contextmanager
from urllib.parse import parse_qs, quote


class Town:
    """The API: `things` behind a token that is asked for with a secret. `mood` is what it does: well, refuses or chatters."""

    def __init__(self, canaries):
        self.canaries, self.mood, self.port = canaries, "well", 0
        self.asked = []

    @contextmanager
    def serving(self):
        town = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.answer(*town.things())

            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
                town.asked.append(form["client_secret"][0])
                token = {"access_token": town.canaries.secret("token of the API"), "expires_in": 3600}
                self.answer(200, token)

            def answer(self, status, told):
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def things(self):
        c = self.canaries
        if self.mood == "well":
            rows = [
                {"id": n, "name": c.person(f"name in the API {n}"), "phone": c.number("phone in the API")}
                for n in (1, 2)
            ]
            return 200, {"data": rows}
        told = {
            "message": f"no such customer: {c.mail('mail in an error of the API')}, {c.number('phone in an error of the API')}",
            "sent": c.secret("token of the API"),
            "secret": c.secret("client secret"),
            "key": c.secret("API key"),
        }
        return (401 if self.mood == "refuses" else 400), {"error": json.dumps(told)}


def source_of_town(town):
    return {
        "type": "rest",
        "base_url": f"http://127.0.0.1:{town.port}",
        "auth": {
            "type": "oauth_client",
            "token_url": f"http://127.0.0.1:{town.port}/token",
            "client_id": "desk",
            "client_secret": "${env:CLIENT_SECRET}",
        },
        "headers": {"X-Key": "${env:API_KEY}"},
        "allow_hosts": ["127.0.0.1"],
        "retries": {"first_s": 0.01, "attempts": 2},
        "streams": {"things": {"path": "things", "records": "data", "key": "id"}},
    }


class Databases:
    """A database of PostgreSQL with a user of its own, for rows and for the record; and one of documents."""

    def __init__(self, canaries, postgres, mongo):
        import psycopg

        self.canaries, self.postgres, self.mongo = canaries, postgres, mongo
        self.admin = postgres.database()
        self.database, password = self.admin.rpartition("/")[2], canaries.secret("password of the database", odd=True)
        self.url = (
            f"postgresql://desk_{self.database}:{quote(password, safe='')}@127.0.0.1:{postgres.port}/{self.database}"
        )
        with closing(psycopg.connect(self.admin, autocommit=True)) as session:
            session.execute(f"create role desk_{self.database} login password {psycopg.sql.quote(password)}")
            session.execute("grant all on schema public to public")
            session.execute(
                "create table visits (id bigint primary key, name text, phone bigint, born text, seen_at timestamptz)"
            )
            session.execute("create view ages as select id, cast(born as date) as born from visits")
            session.execute("grant select on visits, ages to public")
        self.documents = mongo.database()

    def source(self):
        return {
            "type": "postgres",
            "url": "${env:DATABASE_URL}",
            "streams": {
                "visits": {"mode": "dedupe", "key": "id", "cursor": "name"},
                "ages": {"mode": "replace"},
            },
        }

    def source_of_documents(self):
        return {
            "type": "mongodb",
            "url": "${env:MONGO_URL}",
            "streams": {"orders": {"mode": "dedupe", "key": "_id_key", "cursor": "at", "on_drift": "quarantine"}},
        }

    def fill(self, number, *, born="1980-01-02"):
        """Add a row and a document."""
        import psycopg
        import pymongo

        c = self.canaries
        row = (number, c.person(f"cursor of visit {number}"), c.number(f"phone of visit {number}"), born)
        with closing(psycopg.connect(self.admin, autocommit=True)) as session:
            session.execute("insert into visits values (%s, %s, %s, %s, now())", row)
        with pymongo.MongoClient(self.mongo.url(self.documents)) as client:
            total = 5 if number == 1 else c.word(f"total of another type {number}")
            told = {"_id": number, "at": number, "who": c.mail(f"mail in document {number}"), "total": total}
            client[self.documents].orders.insert_one(told)

    def record(self):
        """Return all rows of the record of runs, as text."""
        import psycopg

        with closing(psycopg.connect(self.admin, autocommit=True)) as session:
            names = session.execute(
                "select format('%I.%I', schemaname, tablename) from pg_tables"
                " where schemaname not in ('pg_catalog', 'information_schema') and tablename <> 'visits'"
            ).fetchall()
            return {name: "\n".join(map(str, session.execute(f"select * from {name}").fetchall())) for (name,) in names}
