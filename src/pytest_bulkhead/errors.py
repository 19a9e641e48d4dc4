"""The exceptions of this package.

    BulkheadError
    ├── UsageProblem        the user asked for something that cannot be: shown as a usage error
    ├── ProtocolError       the other side sent bytes that are no message of ours
    └── InvalidTransition   a bug of ours: an event that its state does not allow

And two warnings, `ProfileWarning` and `ModelWarning`. A crash of a test is no exception: it is an
event with evidence.
"""

from __future__ import annotations


class BulkheadError(Exception):
    """Base of all exceptions of this package."""


class UsageProblem(BulkheadError):
    """A request that cannot be met; the text names the value, where it is, and what to write."""


class ProtocolError(BulkheadError):
    """Bytes that are no message: who sent them is treated as crashed."""


class InvalidTransition(BulkheadError):
    """An event that the state it met does not allow: a bug, never a user's fault."""


class ProfileWarning(UserWarning):
    """What an environment profile, or `isolate_env`, asks for is not in force."""


class ModelWarning(UserWarning):
    """A model was not loaded as `isolate_models`, or the mark `real_model`, asks for it."""
