"""`lakesmith drift` and `lakesmith quarantine` on a small project: what people read, and what scripts get."""

import json

import pytest

PIPE = "data/orders/2026-10-02.csv"


def answer(terminal, *arguments):
    done = terminal.run(*arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.long
def test_from_a_change_to_a_rename_and_from_quarantine_to_rows(acme_bronze):
    terminal = acme_bronze
    file = terminal.root / "lakesmith.yml"
    file.write_text(file.read_text().replace("mode: dedupe}", "mode: dedupe, on_drift: quarantine}"))
    assert terminal.run("run").returncode == 0
    assert "No source has changed its shape." in terminal.run("drift").stdout
    rows = "order_id,client_id,ordered_on,amount\nO8,C1,2026-10-02,5.00\nO9,C2,2026-10-02,six\nO7\n"
    (terminal.root / PIPE).write_text(rows)
    assert terminal.run("run").returncode == 0
    shown = terminal.run("drift").stdout
    assert "lakesmith drift accept shop.orders customer_id client_id" in shown
    (candidate,) = answer(terminal, "drift", "show", "shop.orders")["rename_candidates"]
    assert (candidate["old"], candidate["new"], candidate["waits"]) == ("customer_id", "client_id", True)
    assert answer(terminal, "drift", "accept", "shop.orders", "customer_id", "client_id")["aside"] == ""
    waiting = answer(terminal, "quarantine", "show", "shop.orders", "--reason", "not a column")
    assert (waiting["waiting"], [row["where"] for row in waiting["records"]]) == (
        2, ["data/orders/2026-10-02.csv, row 1", "data/orders/2026-10-02.csv, row 2"],
    )  # fmt: skip
    assert answer(terminal, "quarantine", "show", "--since", "2099-01-01")["waiting"] == 0
    looked = answer(terminal, "quarantine", "replay", "shop.orders", "--dry-run")
    assert (looked["looked_at"], looked["passed"], looked["dry_run"]) == (3, 1, True)
    said = terminal.run("quarantine", "replay", "shop.orders").stdout
    assert "1 of 3 records became rows of shop.orders." in said
    assert "2 read = 1 written + 1 quarantined + 0 filtered" in said
    left = answer(terminal, "quarantine", "show")
    assert {row["reason"] for row in left["reasons"]} == {
        "amount does not fit double",
        "too few fields: 1 instead of 4",
    }
    pinned = answer(terminal, "drift", "pin", "shop.orders")
    assert (pinned["file"], pinned["written"]) == ("schemas/shop.orders.yml", True)
    assert "says so already" in terminal.run("drift", "pin", "shop.orders").stdout
