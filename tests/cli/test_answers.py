"""What commands answer about a loaded company, against what the simulator delivered."""

import csv
import io
import json
import re
from pathlib import Path

STREAM_OF = {"companycsv": "companies", "leadcsv": "leads"}


def delivered(delivery):
    """Return rows and broken records of each stream, as they were delivered."""
    counts = {}
    for file in delivery.files:
        stem = Path(file.path).stem
        name = f"backoffice.{STREAM_OF.get(stem, stem)}"
        rows, broken = counts.get(name, (0, 0))
        counts[name] = (rows + file.rows, broken + file.broken)
    return counts


def one_object(done):
    assert done.stderr == ""
    found, end = json.JSONDecoder().raw_decode(done.stdout)
    assert done.stdout[end:] == "\n"
    return found


def test_run_says_what_was_loaded(company):
    _, delivery, done = company
    said = re.findall(
        r"load +(\S+) .*? ([\d,]+) read = ([\d,]+) written \+ ([\d,]+) quarantined \+ 0 filtered", done.stdout
    )
    number = {name: [int(part.replace(",", "")) for part in parts] for name, *parts in said}
    assert number == {name: [rows, rows - broken, broken] for name, (rows, broken) in delivered(delivery).items()}
    assert done.stderr == ""


def test_status_for_scripts(company):
    terminal, delivery, _ = company
    found = one_object(terminal.run("status", "--json"))
    loads = {load["stream"]: (load["read"], load["quarantined"], load["law"]) for load in found["loads"]}
    assert loads == {name: (rows, broken, "holds") for name, (rows, broken) in delivered(delivery).items()}
    assert (found["ok"], found["tests"], found["runs"][-1]["state"]) == (True, 0, "succeeded")


def test_quarantine_for_scripts(company):
    terminal, delivery, _ = company
    found = one_object(terminal.run("quarantine", "show", "--json", "--limit", "3"))
    broken = sum(broken for _, broken in delivered(delivery).values())
    assert (found["waiting"], len(found["records"])) == (broken, min(3, broken))
    assert sum(row["records"] for row in found["reasons"]) == broken


def test_quarantine_of_one_stream_shows_the_raw_lines(company):
    terminal, _, _ = company
    found = one_object(terminal.run("quarantine", "show", "orders", "--json"))
    assert found["records"]
    for record in found["records"]:
        file, _, line = record["where"].rpartition(":")
        assert (terminal.root / file).read_text().splitlines()[int(line) - 1] == record["raw"]
        assert record["stream"] == "backoffice.orders"
    people = terminal.run("quarantine", "show", "orders").stdout
    assert all(f"    {record['raw']}\n" in people for record in found["records"])


def test_logs_tell_the_run(company):
    terminal, delivery, _ = company
    run = one_object(terminal.run("status", "--json"))["runs"][-1]["run"]
    lines = [json.loads(line) for line in terminal.run("logs", run[:13], "--json").stdout.splitlines()]
    begun, (ended, sealed) = lines[0], lines[-2:]
    assert (begun["event"], ended["event"], ended["state"]) == ("RunStarted", "RunFinished", "succeeded")
    assert sealed["event"] == "RunSealed"
    loads = {
        line["load"]["stream"]["name"]: line["load"]["counts"]["read"]
        for line in lines
        if line["event"] == "LoadFinished"
    }
    assert loads == {name.partition(".")[2]: rows for name, (rows, _) in delivered(delivery).items()}
    people = terminal.run("logs", run).stdout
    assert len(people.splitlines()) >= len(lines)
    assert "run ended: succeeded" in people


def test_logs_of_no_run_say_how_to_find_one(company):
    done = company[0].run("logs", "zzz")
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no log of a run 'zzz'" in done.stderr


def test_plan_is_empty_when_nothing_is_due(company):
    terminal, _, _ = company
    assert one_object(terminal.run("plan", "--json"))["plan"] == []
    done = one_object(terminal.run("run", "--json"))
    assert (done["state"], done["loads"], done["steps"]) == ("nothing_new", [], {})


def test_check_and_doctor_find_nothing_wrong(company):
    terminal, delivery, _ = company
    check = one_object(terminal.run("check", "--json"))
    assert check["ok"]
    assert set(delivered(delivery)) <= {finding["subject"] for finding in check["findings"]}
    doctor = one_object(terminal.run("doctor", "--json"))
    rows = {f["subject"]: f["text"] for f in doctor["findings"]}
    for name, (count, broken) in delivered(delivery).items():
        assert rows[name].startswith(f"{count - broken:,} rows in ")


def test_a_table_in_a_pipe_hides_no_column_however_wide_it_is(built):
    wide = ", ".join(f"'{'x' * 30}' as column_number_{n}" for n in range(12))
    head, row = built.run("query", f"select {wide}").stdout.splitlines()
    assert head.split() == [f"column_number_{n}" for n in range(12)]
    assert row.split() == ["x" * 30] * 12


def test_query_csv_and_json_say_the_same(built):
    sql = "select * from (values (1, 'a,\"b\"', null, date '2026-10-01'), (2, 'ü', 1.5, null)) t(id, text, number, day) order by id"
    as_csv = list(csv.DictReader(io.StringIO(built.run("query", "--csv", sql).stdout)))
    as_json = [json.loads(line) for line in built.run("query", "--json", sql).stdout.splitlines()]
    assert as_csv == [
        {"id": "1", "text": 'a,"b"', "number": "", "day": "2026-10-01"},
        {"id": "2", "text": "ü", "number": "1.5", "day": ""},
    ]
    assert [(row["id"], row["text"], row["day"]) for row in as_json] == [(1, 'a,"b"', "2026-10-01"), (2, "ü", None)]
    assert [float(row["number"] or 0) for row in as_json] == [0, 1.5]
    sales = built.run("query", "--csv", "select country, revenue from marts.mart_sales order by 1").stdout
    assert sales == "country,revenue\nAustria,140.49\nNorway,80.0\nPortugal,310.0\n"
    bronze = built.run("query", "--build", "--csv", "select count(*) as n from bronze_shop.orders").stdout
    assert bronze == "n\n4\n"


def test_a_wrong_option_is_one_object_for_scripts(company):
    done = company[0].run("run", "--json", "--bogus")
    assert done.returncode == 2
    found = one_object(done)
    assert (found["ok"], found["error"]) == (False, "UsageError")
    assert "--bogus" in found["what"]
