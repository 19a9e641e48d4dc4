"""Warnings between processes: the text and the place travel, the user's class does not.

xdist imports the module of the warning's class in the controller; measured, a user package was
imported three times for one warning. The controller imports no module of a test, so there a class
of the same name stands in.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.protocol.values import safe_repr, to_plain


def record_warning(
    message: Any,  # noqa: ANN401 - warnings.WarningMessage, private in typeshed
    when: str,
    nodeid: str,
    location: tuple[str, int, str] | None,
) -> msg.Recorded:
    """Return the message that carries a warning."""
    category = message.category
    return msg.Recorded(
        text=_text(message.message),
        category=category.__name__,
        module=category.__module__,
        filename=str(message.filename),
        line=int(message.lineno),
        when=when,
        nodeid=nodeid,
        location=to_plain(location),
    )


def _text(message: object) -> str:
    try:
        return str(message)
    except Exception:  # noqa: BLE001 - a warning of a user may raise anything
        return safe_repr(message)


def restore_warning(recorded: msg.Recorded) -> warnings.WarningMessage:
    """Return a warning like the one that was recorded, without importing anything."""
    category = _category(recorded)
    try:
        message = category(recorded.text)
    except Exception:  # noqa: BLE001 - a class of a user may want other arguments
        category = UserWarning
        message = category(recorded.text)
    return warnings.WarningMessage(message, category, recorded.filename, recorded.line)


def _category(recorded: msg.Recorded) -> type[Warning]:
    known = getattr(sys.modules.get(recorded.module), recorded.category, None)
    if isinstance(known, type) and issubclass(known, Warning):
        return known
    return type(recorded.category, (Warning,), {"__module__": recorded.module})
