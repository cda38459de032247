import inspect
import pickle

import pytest

from lakesmith import errors

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.LakesmithError) and kind is not errors.LakesmithError
]
CODES = {errors.ConfigError: 2, errors.RetriableError: 3, errors.SkippableError: 1, errors.FatalError: 4}


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_one_remedy_and_survives_a_process_border(kind):
    parents = [parent for parent in CODES if issubclass(kind, parent)]
    assert [kind.exit_code] == [CODES[parent] for parent in parents]
    error = kind("It broke.", where="a.yml:3", fix="mend it")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.as_dict()) == (kind, error.as_dict())
    assert str(again) == "It broke.\n  where: a.yml:3\n  fix:   mend it"


def test_the_tree_in_the_docstring_names_every_error():
    assert all(kind.__name__ in errors.__doc__ for kind in KINDS)
    assert all(kind.__doc__ for kind in KINDS)
