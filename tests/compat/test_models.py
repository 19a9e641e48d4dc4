"""The guard of models, on arrays of numpy: what it finds and whom it holds it against."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_bulkhead.guards.models import Models, watch_model
from pytest_bulkhead.guards.watch import Watch


class Net:
    """Has weights as models without torch have them."""

    def __init__(self):
        self.weights = {"first": np.zeros((2, 3)), "second": np.ones(4, dtype=">i2")}

    def state_dict(self):
        return self.weights


def found(change):
    """Return what the guard says a change has left."""
    watch = Watch([Models()])
    watch.begin("test")
    change()
    return [text for left in watch.end("test") for text in left.texts]


@pytest.mark.parametrize(
    ("model", "change", "name"),
    [
        (Net(), lambda model: model.weights["second"].__setitem__(0, 7), "second"),
        (np.zeros(3), lambda model: model.__setitem__(1, 1.0), "its value"),
        (np.zeros((4, 4))[:, ::2], lambda model: model.__setitem__((1, 1), 1.0), "its value"),
        ([np.zeros(3), "tokenizer"], lambda model: model[0].fill(1), "[0]"),
        ({"net": Net()}, lambda model: model["net"].weights["first"].fill(1), "['net'].first"),
        (Net(), lambda model: model.weights.pop("first"), "first"),
        (Net(), lambda model: model.weights.update(adapter=np.zeros(2)), "adapter"),
        ([np.zeros(3)], lambda model: model.clear(), "[0]"),
    ],
)
def test_the_weights_that_were_changed_are_named(model, change, name):
    """Objects with a `state_dict`, arrays of any layout, members of lists and dicts, those that came or went; once, and nothing else."""
    watch_model(f"a model of {id(model)}", model)
    assert found(lambda: None) == []
    assert found(lambda: change(model)) == [f"a model of {id(model)}: changed: {name}"]
    assert found(lambda: None) == []


def test_what_was_loaded_meanwhile_is_nobodys_fault_and_much_is_counted():
    """A model that comes in the middle of a test; and of many weights three are named."""
    watch_model("many", np.zeros(2))
    many = {str(number): np.zeros(2) for number in range(5)}
    assert found(lambda: watch_model("many", many)) == []
    assert found(lambda: [one.fill(1) for one in many.values()]) == [
        "many #2: changed: ['0'], ['1'], ['2'] and 2 more"
    ]
