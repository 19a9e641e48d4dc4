"""What models stood in for others, in all processes of the run: entered in the journal."""

from __future__ import annotations

from pytest_bulkhead.controller.bridge import Bridge


def note_substitutions(bridge: Bridge) -> None:
    """Note each model that was loaded in the place of another, in which test and how often."""
    if bridge.config.pluginmanager.hasplugin("bulkhead-models"):
        from pytest_bulkhead.models.rules import counted  # noqa: PLC0415 - for who asks only
        from pytest_bulkhead.models.substitution import uses_of_run  # noqa: PLC0415

        for use, times in counted(uses_of_run()).items():
            bridge.note_evidence(substituted={**use._asdict(), "times": times})
