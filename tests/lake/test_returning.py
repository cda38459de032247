"""Names that columns get back: by field id, to any depth, without two of one name."""

from hypothesis import given
from hypothesis import strategies as st

from lakesmith.lake.returning import returned
from lakesmith.model.types import DOUBLE, INT, LONG, STRING, Field, List, Map, Schema, Struct


def test_names_come_back_to_any_depth_and_types_stay_wide():
    then = Schema(
        (
            Field("a", INT, "A", id=1),
            Field("s", Struct((Field("x", INT, id=3), Field("y", INT, id=4))), id=2),
            Field("l", List(Struct((Field("q", INT, id=7),)), 6), id=5),
            Field("m", Map(STRING, Struct((Field("v", INT, id=11),)), 9, 10), id=8),
        )
    )
    now = Schema(
        (
            Field("b", LONG, "B", id=1),
            Field("s", Struct((Field("y", LONG, id=3), Field("x", INT, id=4), Field("z", INT, id=20))), id=2),
            Field("l2", List(Struct((Field("r", LONG, id=7), Field("q", INT, id=21))), 6), id=5),
            Field("m", Map(STRING, Struct((Field("w", INT, id=11),)), 9, 10), id=8),
            Field("a", DOUBLE, "A", id=22),
        )
    )
    came = "What came as {} before a rollback."
    assert returned(now, then) == Schema(
        (
            Field("a", LONG, "A", id=1),
            Field("s", Struct((Field("x", LONG, id=3), Field("y", INT, id=4), Field("z", INT, id=20))), id=2),
            Field(
                "l",
                List(Struct((Field("q", LONG, id=7), Field("q__added", INT, doc=came.format("q"), id=21))), 6),
                id=5,
            ),
            Field("m", Map(STRING, Struct((Field("v", INT, id=11),)), 9, 10), id=8),
            Field("a__added", DOUBLE, doc=came.format("a"), id=22),
        )
    )


NAMES = ["a", "b", "c", "a__added", "a__added_2", "x" * 63, "x" * 56 + "__added"]


@given(st.data())
def test_each_column_has_a_name_of_its_own_and_those_of_then_have_theirs(data):
    then = data.draw(st.permutations(NAMES).map(lambda names: names[: data.draw(st.integers(0, len(names)))]))
    now = data.draw(st.permutations(NAMES))
    ids = data.draw(st.permutations(range(1, len(now) + 1)))
    known = Schema(tuple(Field(name, INT, id=number) for number, name in enumerate(then, 1)))
    schema = Schema(tuple(Field(name, INT, id=id_) for name, id_ in zip(now, ids, strict=True)))
    made = returned(schema, known)
    assert len(set(made.names)) == len(made.names)
    assert all(len(name.encode()) <= 63 for name in made.names)
    assert [field.id for field in made] == [field.id for field in schema]
    back = {field.id: field.name for field in made}
    assert all(back[field.id] == field.name for field in known)
