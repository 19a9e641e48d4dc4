"""The weights of shared models: whether they are still what was loaded.

Which models there are is told by who loads them (`watch_model`).
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

from pytest_bulkhead.guards.resource import Resource
from pytest_bulkhead.system.weights import checksum, modules_in, weights_in

#: {title of a model: the model}; filled whether or not a guard looks.
_MODELS: dict[str, Any] = {}

#: Names of parameters in a text.
_SHOWN = 3

#: {(title of a model, name of a weight or mode): what it is like}
_Traits = dict[tuple[str, str], Any]

#: Modes, which a model is in or not.
_TRAINING, _GRADIENTS = "in training mode", "tracking gradients"
_MODES = {_TRAINING, _GRADIENTS}


def watch_model(title: str, model: object) -> None:
    """Have the guard, where one is at work, look after a model."""
    names = itertools.chain([title], (f"{title} #{number}" for number in itertools.count(2)))
    title = next(name for name in names if _MODELS.get(name, model) is model)
    _MODELS[title] = model
    if Models.at_work and not _traits_of(title, model):
        warnings.warn(
            f"guard models: {title} is not watched: nothing in it is a torch module, a tensor, an "
            "array, or has a state_dict()",
            stacklevel=2,
        )


class Models(Resource):
    """Sums of all parameters and buffers."""

    name = "models"
    watches = "parameters and buffers of models loaded by `shared`, by checksum; training mode"
    advice = "change a copy (copy.deepcopy), or have a process for each test: isolate = function"
    unasked = True
    #: A guard of this process looks.
    at_work = False

    def attend(self) -> None:
        Models.at_work = True

    def snapshot(self) -> _Traits:
        found: _Traits = {}
        for title, model in list(_MODELS.items()):
            found |= _traits_of(title, model)
        return found

    def differences(self, before: _Traits, after: _Traits) -> Iterator[str]:
        # A model that was not there before was loaded meanwhile; a weight came.
        there = {title for title, _name in before}
        keys = sorted(key for key in before.keys() | after.keys() if key[0] in there)
        unlike = [key for key in keys if before.get(key) != after.get(key)]
        for title in dict.fromkeys(title for title, _name in unlike):
            changed = [name for whose, name in unlike if whose == title]
            # As `shared` leaves it, it is in none: a test that puts it back does no harm.
            modes = sorted(_MODES.intersection(changed))
            yield from (f"{title}: it is {mode}" for mode in modes if after.get((title, mode)))
            yield from _changed_weights(title, [name for name in changed if name not in _MODES])

    def restore(self, before: _Traits) -> None:
        # Weights stay as they are: a second copy of each model would cost what sharing saves.
        for title, model in _MODELS.items():
            for module in modules_in(model) if (title, _TRAINING) in before else ():
                module.train(before[title, _TRAINING])
                if not before[title, _GRADIENTS]:
                    module.requires_grad_(False)


def _changed_weights(title: str, names: list[str]) -> Iterator[str]:
    if names:
        shown = ", ".join(name or "its value" for name in names[:_SHOWN])
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"{title}: changed: {shown}{more}"


def _traits_of(title: str, model: object) -> _Traits:
    found: _Traits = {}
    for name, weight in weights_in(model):
        total = checksum(weight)
        if total is not None:
            found[title, name] = (total, tuple(weight.shape), str(weight.dtype))
    modules = list(modules_in(model))
    if modules:
        found[title, _TRAINING] = any(module.training for module in modules)
        found[title, _GRADIENTS] = any(
            one.requires_grad for module in modules for one in module.parameters()
        )
    return found
