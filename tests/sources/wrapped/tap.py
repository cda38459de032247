"""A tap as people write them: it sends what is newer than its state, from a JSON file; `fault` in its configuration makes it fail."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path


def write(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(**message):
    write(json.dumps(message))


def main():  # noqa: C901 - a program of a page
    parser = argparse.ArgumentParser()
    for option in ("config", "catalog", "state"):
        parser.add_argument(f"--{option}")
    parser.add_argument("--discover", action="store_true")
    asked = parser.parse_args()
    config = json.loads(Path(asked.config).read_text())
    if Path(asked.config).stat().st_mode & 0o077:
        sys.exit("others can read the configuration")
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "name": {"type": ["null", "string"]},
            "price": {"type": "number"},
            "paid_at": {"type": "string", "format": "date-time"},
            "due": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        },
    }
    if asked.discover:
        Path(config["file"]).stat()
        streams = [
            {"tap_stream_id": name, "stream": name, "schema": schema, "key_properties": ["id"], "metadata": []}
            for name in ("orders", "others")
        ]
        write(json.dumps({"streams": streams}, indent=1))
        sys.exit()
    chosen = [
        entry["stream"]
        for entry in json.loads(Path(asked.catalog).read_text())["streams"]
        if any(not part["breadcrumb"] and part["metadata"]["selected"] for part in entry["metadata"])
    ]
    state = json.loads(Path(asked.state).read_text()) if asked.state else {}
    records = json.loads(Path(config["file"]).read_text())
    for stream in chosen:
        say(type="SCHEMA", stream=stream, schema=schema, key_properties=["id"])
        for record in records:
            if record["id"] > state.get(stream, 0):
                say(type="RECORD", stream=stream, record=record)
                state[stream] = record["id"]
        if config.get("junk"):
            write("Traceback: not a message")
        fault = config.get("fault")
        if fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "exit":
            sys.exit(f"the server refused {config['reply']}")
        if fault == "silence":
            signal.pause()
        say(type="STATE", value=state)


if __name__ == "__main__":
    main()
