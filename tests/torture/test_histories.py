"""The quick part of the histories; and the laws themselves, which have to notice what is broken."""

import pytest

from lakesmith.testing.torture.actors import Actor, pause
from lakesmith.testing.torture.campaigns import explain
from lakesmith.testing.torture.history import play
from lakesmith.testing.torture.mutants import DIRECTED, MUTANTS, applied
from lakesmith.testing.torture.story import HOUR_S, Step, Story, shrink, write_story
from lakesmith.testing.torture.world import pausing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
OBVIOUS = (
    "checkpoint from the current snapshot only",
    "quarantine unstamped",
    "a failed commit tidies up",
    "blind retry",
)


@pytest.fixture(autouse=True)
def paused():
    with pausing():
        yield


@pytest.mark.parametrize("first", [0, *(pytest.param(at, marks=pytest.mark.long) for at in (25, 50, 75))])
def test_seeded_histories_lose_and_double_nothing(first):
    for seed in range(first, first + 25):
        history = play(write_story(seed))
        assert history.broken is None, explain(seed)


def test_a_seed_gives_the_same_story_and_the_same_end_again():
    one, other = (play(write_story(11)) for _ in range(2))
    assert one.story == other.story
    assert one.landed == other.landed
    assert [line for line in one.told if "ended with" not in line] == [
        line for line in other.told if "ended with" not in line
    ]


@pytest.mark.long
@pytest.mark.parametrize("mutant", OBVIOUS)
def test_a_mutant_is_caught_and_told_in_few_steps(mutant):
    with applied(mutant):
        story = next(story for story in map(write_story, range(60)) if play(story).broken is not None)
        short = shrink(story, lambda shorter: play(shorter).broken is not None)
        assert len(short.steps) <= len(story.steps)
        assert "BROKEN" in play(short).told[-1]
    assert play(short).broken is None


def test_every_mutant_follows_the_code():
    for name in MUTANTS:
        with applied(name):
            pass
    assert play(write_story(3)).broken is None


def test_programs_pause_and_die_where_they_are_told():
    passed = []

    def act():
        for number in range(4):
            pause(f"place {number}")
            passed.append(number)
        return "done"

    one, other = Actor("one", act), Actor("other", act)
    assert not one.resume(2)
    assert (one.place, passed) == ("place 2", [0, 1])
    assert other.resume()
    assert (other.result, passed) == ("done", [0, 1, 0, 1, 2, 3])
    one.kill()
    assert one.is_done
    assert "place 2" in str(one.error)


def test_a_zombie_is_told_from_the_living():
    story = Story(1, "append", (Step("load", steps=12), Step("load"), Step("resume")))
    told = "\n".join(play(story).told)
    assert "pauses at" in told
    assert "load 1 ended with FencedError" in told


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("kind", "pauses"),
    [("load", 14), pytest.param("load", 34, marks=pytest.mark.long), ("rollback", 6), ("tend", 8), ("tend", 12)],
)
def test_a_program_that_sleeps_for_days_does_not_land_what_the_collector_has_deleted(kind, pauses):
    before = (Step("load"), Step("grow", 8), Step("load"), Step("grow", 4))
    story = Story(1, "append", (*before, Step(kind, 2, pauses), Step("siege"), Step("siege"), Step("resume")))
    history = play(story)
    assert history.broken is None, "\n".join(history.told)


@pytest.mark.few(2)
@pytest.mark.parametrize("pauses", [9, 13, 15, 18])
def test_a_load_that_was_overtaken_and_whose_files_are_collected_is_told_that_it_is_fenced(pauses):
    before = (Step("load"), Step("grow", 4), Step("load", steps=pauses), Step("grow", 2), Step("load"))
    siege = (Step("clock", 4 * 24 * HOUR_S), Step("siege"), Step("resume"))
    history = play(Story(1, "append", (*before, *siege), filler=5000))
    told = "\n".join(history.told)
    assert history.broken is None, told
    assert "load 2 ended with FencedError" in told


@pytest.mark.long
@pytest.mark.parametrize("mutant", DIRECTED)
def test_directed_stories_hold_and_tell_their_mutant(mutant):
    for story in DIRECTED[mutant]:
        assert play(story).broken is None, "\n".join(play(story).told)
        with applied(mutant):
            assert play(story).broken is not None, "\n".join(play(story).told)
