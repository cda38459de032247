"""What a position says survives being written, and its cursor moves only when a plan is done."""

from lakesmith.sources.postgres.position import CursorPlace, CutOff, Origin, Place, advanced

ORIGIN = Origin("7310", "shop", 16_400, {1: "id", 3: "größe"})
DONE = Place(ORIGIN, CursorPlace("id", "12", ("ab", "ab", "cd"), ("1 integer", "3 text")))


def test_position_reads_as_it_was_written():
    for place in (Place(ORIGIN), DONE, Place(ORIGIN, cut_off=CutOff("plan", 3))):
        assert Place.decode(place.encode()) == place
        assert Place.decode(place.encode()).origin.columns == ORIGIN.columns


def test_nothing_read_is_no_place():
    assert Place.decode(None) is None
    assert Place.decode(b"{}") is None


def test_cursor_stays_until_the_plan_is_done():
    on_the_way = Place(ORIGIN, cut_off=CutOff("plan", 1)).encode()
    assert advanced(None, on_the_way) == on_the_way
    assert Place.decode(advanced(DONE.encode(), on_the_way)) == Place(ORIGIN, DONE.cursor, CutOff("plan", 1))
    assert advanced(on_the_way, DONE.encode()) == DONE.encode()
