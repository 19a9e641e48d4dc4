"""What the logging of the standard library keeps for the whole process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from pytest_bulkhead.guards.resource import Resource, list_changes, shown_changes


class RootLogger(Resource):
    """The root logger, and the switch that silences all."""

    name = "logging"
    watches = "handlers, filters and level of the root logger, `logging.disable`"
    advice = "use the fixture caplog, or take handlers away in a teardown"

    def snapshot(self) -> dict[str, Any]:
        root = logging.root
        return {
            "handlers": tuple(root.handlers),
            "filters": tuple(root.filters),
            "level": root.level,
            "disable": root.manager.disable,
        }

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        for name in ("handlers", "filters"):
            yield from list_changes(f"{name} of the root logger", before[name], after[name])
        yield from shown_changes(_levels(before), _levels(after))

    def restore(self, before: dict[str, Any]) -> None:
        root = logging.root
        root.handlers[:] = before["handlers"]
        root.filters[:] = before["filters"]
        root.setLevel(before["level"])
        logging.disable(before["disable"])


def _levels(state: dict[str, Any]) -> dict[str, Any]:
    names = {"level": "the level of the root logger", "disable": "logging.disable"}
    return {title: logging.getLevelName(state[name]) for name, title in names.items()}


class Loggers(Resource):
    """All other loggers; there may be thousands."""

    name = "logging"
    watches = "level, handlers, propagation and the disabling of each logger that there was"
    advice = "use the fixture caplog.set_level, or dictConfig with disable_existing_loggers=False"

    def snapshot(self) -> dict[str, Any]:
        known = list(logging.root.manager.loggerDict.items())
        return {
            name: (one.level, one.disabled, one.propagate, tuple(one.handlers))
            for name, one in known
            if isinstance(one, logging.Logger)
        }

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        for name in sorted(before.keys() & after.keys()):
            old, new = (dict(zip(_FIELDS, state[name], strict=True)) for state in (before, after))
            for field in (field for field in _FIELDS if old[field] != new[field]):
                yield from shown_changes(
                    {f"{field} of the logger {name}": old[field]},
                    {f"{field} of the logger {name}": new[field]},
                )

    def restore(self, before: dict[str, Any]) -> None:
        for name, (level, disabled, propagate, handlers) in before.items():
            one = logging.getLogger(name)
            one.setLevel(level)
            one.disabled, one.propagate = disabled, propagate
            one.handlers[:] = handlers


_FIELDS = ("the level", "the disabling", "the propagation", "the handlers")
