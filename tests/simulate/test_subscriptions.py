"""The subscription business: the same for a seed, dirty in every way it promises, and true to itself over time."""

import itertools
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lakesmith.simulate.subscriptions import SUBSCRIPTIONS_MARTS, Subscriptions, daily, last_tick, subscriptions_truth
from lakesmith.simulate.subscriptions.books import Books, books_at
from lakesmith.simulate.subscriptions.ledger import Ledger
from lakesmith.simulate.subscriptions.life import Life
from lakesmith.simulate.subscriptions.records import Customer, Payment, Plan, Refund, Subscription
from lakesmith.simulate.subscriptions.spelling import row_of

SMALL = Subscriptions(scale=0.2)
DAY = 1_440


def written(business, ticks):
    life = Life(business)
    for _ in range(ticks):
        life.live()
    return life.writes


def test_a_seed_makes_one_business():
    assert written(SMALL, 14) == written(SMALL, 14)
    assert written(Subscriptions(seed=8, scale=0.2), 1) != written(SMALL, 1)
    with pytest.raises(ValueError, match="scale of a business must be above 0"):
        Subscriptions(scale=0)


def test_a_tick_is_two_hours_and_shows_only_what_has_happened():
    writes = written(SMALL, 30)
    for tick in range(1, 31):
        begin, end = SMALL.minute(tick - 1), SMALL.minute(tick)
        assert end - begin == 120
        times = [record.updated_at for record in writes[tick]]
        assert all(begin - 120 <= time < end for time in times)  # what comes late is of the tick before
    assert any(record.updated_at < SMALL.minute(tick - 1) for tick in range(2, 31) for record in writes[tick])


def rows(table):
    return [row_of(record, SMALL.seed) for record in newest(table)]


def newest(table):
    return list(getattr(books_at(SMALL, daily(2)), table).values())


def test_amounts_are_written_in_many_ways_and_mean_the_same():
    spelled = Counter()
    for payment, row in zip(newest("payments"), rows("payments"), strict=True):
        text, currency = row[5], row[6]
        digits = re.sub(r"[^\d.,]", "", text)
        assert int(re.sub(r"[.,]", "", digits)) == payment.amount
        said = (currency or "").strip().upper() or text
        signs = {"EUR": "EUR|€", "USD": r"USD|\$", "GBP": "GBP|£"}[payment.currency]
        assert re.search(signs, said)
        spelled[re.sub(r"\d+", "1", text).strip()] += 1
        spelled[currency is None] += 1
    assert len(spelled) > 10
    assert spelled[True] > 5


def test_the_dirt_that_is_promised_is_there():
    subscriptions, payments, customers = rows("subscriptions"), rows("payments"), rows("customers")
    opened = Counter(row[9] for row in subscriptions)
    assert opened["infinity"] > opened[None] > 0
    assert opened[datetime(9999, 12, 31, tzinfo=UTC)] > 0
    assert any(row[3] is None for row in subscriptions)
    paid = [row for row in payments if row[7] == "succeeded"]
    assert any(row[9] is None for row in paid)
    assert any(row[10].year > 2060 for row in paid)
    assert all(row[9] is not None or row[10].year < 2060 for row in paid)  # never both
    assert {row[7] for row in payments} == {"succeeded", "failed", "pending"}
    assert any(row[11] for row in payments)
    assert any(row[1] is None for row in payments)
    assert any(row[1] > 900_000_000 for row in payments if row[1])
    assert any(row[6] is None or row[6].year > 2060 for row in customers)
    assert any(None in (row[4] or []) for row in customers)
    amounts = {-Decimal(row[4]).as_tuple().exponent for row in subscriptions}
    assert len(amounts) > 1


def test_people_have_several_accounts_with_one_address():
    addresses = {}
    for customer in newest("customers"):
        addresses.setdefault(customer.person, set()).add(row_of(customer, SMALL.seed)[2].strip().lower())
    assert all(len(spelled) == 1 for spelled in addresses.values())
    assert len(set().union(*addresses.values())) == len(addresses)
    assert len(newest("customers")) > len(addresses)


def test_our_own_accounts_bear_one_of_three_marks():
    marks = Counter()
    for customer, row in zip(newest("customers"), rows("customers"), strict=True):
        marked = ("internal" in (row[4] or []), "true" in (row[5] or ""), "test.example" in row[2].lower())
        assert any(marked) == customer.is_test
        marks[marked] += 1
    assert len(marks) == 4


def test_more_is_given_back_than_was_paid_and_counts_only_so_far():
    books = books_at(SMALL, daily(2))
    given = Counter()
    for refund in books.refunds.values():
        given[refund.payment] += refund.amount
    assert any(given[number] > books.payments[number].amount for number in given)
    ledger = Ledger.of(books)
    assert sum(one.cents for one in ledger.given) < sum(one.cents for one in ledger.taken)


@pytest.mark.long
def test_features_of_a_day_never_change_and_labels_once():
    days = [subscriptions_truth(SMALL, daily(through))["mart_churn_features"] for through in (1, 4, 9)]
    for before, after in itertools.pairwise(days):
        known, now = ({row[:2]: row[2:] for row in rows} for rows in (before, after))
        assert known.keys() <= now.keys()
        for key, row in known.items():
            assert now[key][:-1] == row[:-1], key
            assert row[-1] is None or now[key][-1] == row[-1]
    assert max(row[0] for row in days[-1]) == date(2026, 10, 5)
    assert max(row[0] for row in days[0]) == date(2026, 9, 28)
    assert {row[-1] for row in days[-1]} == {True, False, None}


def test_a_monday_shows_once_all_before_it_has_arrived():
    monday = last_tick(4)
    for ticks, shows in ((1, False), (2, False), (5, True)):
        rows = subscriptions_truth(SMALL, (monday, monday + ticks))["mart_churn_features"]
        assert (max(row[0] for row in rows) == date(2026, 10, 5)) is shows


def test_the_marts_agree_with_each_other():
    truth = {
        mart: [dict(zip(SUBSCRIPTIONS_MARTS[mart], row, strict=True)) for row in rows]
        for mart, rows in subscriptions_truth(SMALL, daily(3)).items()
    }
    days = truth["mart_mrr"]
    for before, after in itertools.pairwise(days):
        assert after["opening_mrr"] == before["closing_mrr"]
    moves = [name for name in days[0] if name.endswith("_mrr") and name != "closing_mrr"]
    assert all(sum(day[name] for name in moves) == day["closing_mrr"] for day in days)
    newest = [row for row in truth["mart_cohorts"] if row["month"] == date(2026, 10, 1)]
    assert sum(row["mrr"] for row in newest) == days[-1]["closing_mrr"]
    assert sum(row["active_customers"] for row in newest) == days[-1]["customers"]
    assert all(row["net_eur"] == row["gross_eur"] - row["refunded_eur"] for row in truth["mart_net_revenue"])
    kinds = {change.kind for change in Ledger.of(books_at(SMALL, daily(3))).changes}
    assert kinds == {"new", "expansion", "contraction", "churn", "reactivation"}


def some_books():
    """Write books by hand: one person with two accounts, a test account, plans by month and year."""
    books = Books()
    books.write(
        Plan(number, str(number), "", interval, 0, False, 0) for number, interval in ((1, "month"), (2, "year"))
    )
    people = ((1, 1, False), (2, 2, True), (3, 1, False))
    books.write(Customer(number, person, "", "", None, test, 0, None, 0) for number, person, test in people)
    return books


def subscription(number, customer, days, *, plan=1, price=1_000, currency="EUR", trial=None):
    begins, ends = (None if day is None else day * DAY for day in days)
    trial_ends = None if trial is None else trial * DAY
    return Subscription(number, customer, plan, 1, price, currency, "", begins, trial_ends, ends, 90 * DAY)


def test_changes_are_what_a_person_pays_over_all_accounts():
    books = some_books()
    books.write(
        [
            subscription(1, 1, (10, 20)),
            subscription(2, 3, (20, 30), plan=2, price=24_000),  # 20.00 a month, by the other account
            subscription(3, 1, (40, None), price=333, currency="USD"),
            subscription(4, 2, (10, None)),
            subscription(5, 1, (50, 52), trial=55),
            subscription(6, 1, (60, 60), price=5_000),
            subscription(7, 1, (95, None)),
        ]
    )
    changes = [(one.customer, one.day, one.before, one.after, one.kind) for one in Ledger.of(books).changes]
    assert changes == [
        (1, 10, 0, 1_000, "new"),
        (1, 20, 1_000, 2_000, "expansion"),
        (1, 30, 2_000, 0, "churn"),
        (1, 40, 0, 291, "reactivation"),
    ]


def payment(number, amount, *, charge=None, status="succeeded", deleted=None):
    paid = 10 * DAY if status == "succeeded" else None
    about = (number, None, 3, None, 1, 1, charge or number, amount, "EUR", status)
    return Payment(*about, 10 * DAY, paid, deleted, 90 * DAY)


def test_money_counts_once_and_no_more_is_given_back_than_was_taken():
    books = some_books()
    books.write(
        [
            payment(1, 100),
            payment(2, 100, charge=1),
            payment(3, 70, status="failed"),
            payment(4, 50, deleted=20 * DAY),
            Refund(1, 1, 60, "", 11 * DAY, 0),
            Refund(2, 1, 60, "", 12 * DAY, 0),
            Refund(3, 1, 5, "", 13 * DAY, 0),
            Refund(4, 2, 100, "", 13 * DAY, 0),
        ]
    )
    ledger = Ledger.of(books)
    assert [(one.payment.number, one.customer, one.cents) for one in ledger.taken] == [(1, 1, 100)]
    assert [(one.day, one.cents) for one in ledger.given] == [(11, 60), (12, 40)]
    assert [one.payment.number for one in ledger.struck_out] == [4]


def test_only_states_that_a_load_met_are_known():
    every = books_at(SMALL, tuple(range(1, 49)))
    rare = books_at(SMALL, (48,))
    assert every.customers == rare.customers
    assert {number: [states[-1]] for number, states in every.seen.items()} == rare.seen
    assert any(len(states) > 1 for states in every.seen.values())


def test_only_the_standard_library_is_imported():
    code = (
        "import sys; from lakesmith.simulate.subscriptions import subscriptions_truth, Subscriptions, Generator\n"
        "known = sys.stdlib_module_names | {'lakesmith', '__main__'}\n"
        "print({m.split('.')[0] for m in sys.modules} - known)"
    )
    found = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path = {sys.path!r}; {code}"], check=True, capture_output=True
    )
    assert found.stdout == b"set()\n"
