"""What is written of a fault of Lakesmith itself: places, and not a word that an error says."""

from lakesmith.cli.confessing import told

NAME = "Jane Doe"


def failing():
    try:
        int(NAME)
    except ValueError as error:
        raise ExceptionGroup(f"of {NAME}", [error, KeyError(NAME)]) from error


def test_a_fault_is_told_with_its_places_and_without_a_value():
    try:
        failing()
    except ExceptionGroup as error:
        error.add_note(NAME)
        text = told(error)
    assert NAME not in text
    classes = [line for line in text.splitlines() if line.startswith("builtins.")]
    assert classes == ["builtins.ValueError", "builtins.ExceptionGroup", "builtins.KeyError"]
    assert text.count("in failing") == 2


def test_errors_that_name_each_other_come_to_an_end():
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert told(one).split() == ["builtins.KeyError", "which", "led", "to:", "builtins.ValueError"]
