"""However much breaks, each cause is told once."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from incident_things import NOON, failing, fault, judged, nothing_above

from lakesmith.monitor.incidents.causes import causes_of
from lakesmith.monitor.incidents.values import LostRun, Seen

FORTY = [f"shop.t{n}" for n in range(40)]


def found(seen, above=nothing_above, known=()):
    return causes_of(seen, above, known)


def test_a_source_that_is_down_is_one_cause_whatever_each_stream_says_of_it():
    classes = ["network", "timeout", "dns_tls"]
    faults = [fault(name, f"{name}: no answer after {n} s", classes[n % 3]) for n, name in enumerate(FORTY)]
    late = [judged(name) for name in FORTY]
    [cause] = found(Seen(faults=tuple(faults), judgements=(judged("shop.*", "load"), *late)))
    assert cause.subject == "shop.*"
    assert {part.subject for part in cause.parts} == set(FORTY)
    assert {hit.subject for hit in cause.hits} == {*FORTY, "shop.*"}


def test_two_sources_that_are_down_are_two_causes():
    faults = (fault("shop.a"), fault("crm.a"))
    assert {cause.subject for cause in found(Seen(faults=faults))} == {"shop.a", "crm.a"}


def test_the_same_error_in_two_streams_is_one_cause_and_another_error_another():
    faults = (
        fault("shop.a", 'The column "x" of shop.a is gone.', "source_schema"),
        fault("shop.b", 'The column "y" of shop.b is gone.', "source_schema"),
        fault("shop.c", "The file is no CSV.", "source_data"),
    )
    assert sorted(len(cause.parts) for cause in found(Seen(faults=faults))) == [1, 2]


def test_a_full_disk_is_one_cause_for_all_sources():
    faults = (fault("shop.a", "Full.", "disk_full"), fault("crm.b", "Full!", "disk_full"))
    [cause] = found(Seen(faults=faults))
    assert cause.subject == "*"


def test_what_is_late_below_a_failed_stream_belongs_to_it():
    above = {"marts.mart_x": frozenset({"shop.orders", "silver.stg"})}
    seen = Seen(
        faults=(fault("shop.orders", error_class="code_bug"),), judgements=(judged("marts.mart_x", "publication"),)
    )
    [cause] = found(seen, lambda subject: above.get(subject, frozenset()))
    assert [hit.subject for hit in cause.hits] == ["marts.mart_x"]


def test_a_failure_explains_no_other_table_and_no_broken_row_law():
    seen = Seen(
        faults=(fault("shop.orders", error_class="code_bug"),),
        judgements=(judged("shop.other"), judged("shop.orders", "row_law")),
    )
    assert {cause.key for cause in found(seen)} >= {"schedule|shop.other", "row_law|shop.orders"}


def test_an_open_incident_explains_what_is_late_the_next_day():
    [known] = found(Seen(faults=(fault(),)))
    [again] = found(Seen(judgements=(judged("shop.orders"), judged("shop.other"))), known=[known])
    assert again.key == known.key
    assert {hit.subject for hit in again.hits} == {"shop.orders", "shop.other"}


def test_an_open_incident_that_is_not_met_does_not_come_back():
    [known] = found(Seen(faults=(fault(),)))
    assert found(Seen(judgements=(judged("crm.x", verdict="good"),)), known=[known]) == []


def test_a_group_swallows_its_members():
    judgements = (
        judged("shop.*", "volume"),
        judged("shop.a", "volume"),
        judged("shop.b", "volume"),
        judged("crm.a", "volume"),
    )
    causes = found(Seen(judgements=judgements))
    assert {cause.subject for cause in causes} == {"shop.*", "crm.a"}


def test_tables_of_a_source_that_are_late_together_are_one_cause():
    [cause] = found(Seen(judgements=tuple(judged(name) for name in FORTY)))
    assert (cause.subject, len(cause.parts)) == ("shop.*", 40)


def test_three_sources_that_are_late_together_have_one_cause():
    names = [f"{source}.t{n}" for source in ("shop", "crm", "ads") for n in range(3)]
    [cause] = found(Seen(judgements=tuple(judged(name, "age") for name in names)))
    assert cause.subject == "*"


def test_a_mart_that_is_late_because_a_source_is_belongs_to_it():
    above = {"marts.mart_x": frozenset({"shop.orders"})}
    judgements = (judged("shop.orders", "age"), judged("marts.mart_x", "publication"))
    [cause] = found(Seen(judgements=judgements), lambda subject: above.get(subject, frozenset()))
    assert (cause.subject, [hit.subject for hit in cause.hits]) == ("shop.orders", ["marts.mart_x"])


def test_of_a_chain_of_late_tables_the_first_is_the_cause_in_whatever_order_they_come():
    above = {"a.mart": frozenset({"b.mart", "shop.orders"}), "b.mart": frozenset({"shop.orders"})}
    for rules in (("age", "schedule", "publication"), ("publication", "schedule", "age"), ("volume",) * 3):
        judgements = tuple(map(judged, ("a.mart", "b.mart", "shop.orders"), rules))
        [cause] = found(Seen(judgements=judgements), lambda subject: above.get(subject, frozenset()))
        assert (cause.subject, {hit.subject for hit in cause.hits}) == ("shop.orders", {"a.mart", "b.mart"})


def test_columns_of_a_table_are_one_cause_and_each_has_to_be_good_again():
    [cause] = found(
        Seen(judgements=(judged("shop.orders", "nulls", column="a"), judged("shop.orders", "nulls", column="b")))
    )
    assert {(part.subject, part.column) for part in cause.parts} == {("shop.orders", "a"), ("shop.orders", "b")}


def test_a_test_is_a_cause_by_its_id_and_the_step_that_ran_it_is_none():
    build = fault("build", "1 test failed.", "contract", step="build", kind="TransformError")
    seen = Seen(faults=(build,), failing=(failing(),), judgements=(judged("marts.mart_x", "checks"),))
    [cause] = found(seen)
    assert (cause.rule, cause.subject) == ("check", "marts.mart_x")


def test_what_is_thought_of_a_stream_for_a_test_of_its_model_is_no_cause_of_its_own():
    above = {"silver.stg_orders": frozenset({"shop.orders"})}
    seen = Seen(failing=(failing(relation="silver.stg_orders"),), judgements=(judged("shop.orders", "checks", "warn"),))
    [cause] = found(seen, lambda subject: above.get(subject, frozenset()))
    assert cause.rule == "check"
    assert "shop.orders" in {hit.subject for hit in cause.hits}


def test_a_lost_run_is_a_cause_and_explains_what_it_left_undone():
    lost = LostRun("r1", NOON, NOON, "nightly", ("shop.orders",))
    [cause] = found(Seen(lost=(lost,), judgements=(judged("shop.orders", "age"),)))
    assert (cause.rule, cause.subject) == ("lost_run", "run of nightly")


def test_a_warning_is_a_warning_until_something_worse_joins():
    [cause] = found(Seen(judgements=(judged("shop.orders", "age", "warn"),)))
    assert cause.severity == "warn"
    [worse] = found(Seen(judgements=(judged("shop.orders", "age"),)), known=[cause])
    assert worse.severity == "error"


def test_learning_and_unknown_are_no_causes():
    verdicts = ("good", "learning", "unknown")
    assert found(Seen(judgements=tuple(judged("shop.a", verdict=one) for one in verdicts))) == []


def test_what_dbt_skips_below_a_failing_test_is_no_cause_of_its_own():
    above = {"marts.mart_x": frozenset({"silver.stg_x"})}
    skipped, other = judged("marts.mart_x", "load"), judged("marts.mart_y", "load")
    seen = Seen(failing=(failing(relation="silver.stg_x"),), judgements=(skipped, other))
    found = causes_of(seen, lambda subject: above.get(subject, frozenset()))
    assert {(cause.rule, cause.subject) for cause in found} == {("check", "silver.stg_x"), ("load", "marts.mart_y")}


def test_a_run_that_failed_as_a_whole_explains_what_it_did_not_load_and_no_other_run():
    mine = [judged(name, "load", run_id="r1") for name in ("shop.orders", "crm.leads")]
    late = [judged(name, "age") for name in ("shop.orders", "crm.leads")]
    other = judged("ads.clicks", "load", run_id="r0")
    seen = Seen(faults=(fault(step="run", subject="run", error_class="config"),), judgements=(*late, *mine, other))
    found = causes_of(seen, nothing_above)
    assert {(cause.rule, cause.subject) for cause in found} == {("fault", "run"), ("load", "ads.clicks")}
