"""An environment in force in this process: put there, looked at, and taken away again.

Theory of operation: variables are set before the first conftest is loaded; a process that we start
has them from its first instant. What a library had read by then is told (`late`), so that the
template is started afresh. What has no variable is done by hooks that run when a module has been
imported, also in a worker that is forked later.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Callable
from types import ModuleType

from pytest_bulkhead.core.environment.in_force import POOLS, Pool, Seen, Torch
from pytest_bulkhead.core.environment.merged import Environment
from pytest_bulkhead.core.environment.profiles import LIMIT_POOLS, Act
from pytest_bulkhead.core.environment.readers import Late, needs_pools, too_late
from pytest_bulkhead.environment.acts import DEEDS
from pytest_bulkhead.environment.importers import importer_of
from pytest_bulkhead.environment.variables import set_variables
from pytest_bulkhead.system import environ
from pytest_bulkhead.system.libraries import package_of


class Force:
    """Puts an environment in force, once."""

    def __init__(self, asked: Environment) -> None:
        self.asked = asked
        self._undo = contextlib.ExitStack()
        self._over = False
        #: The variables that were set too late for this process.
        self.late: tuple[Late, ...] = ()

    def apply(self) -> None:
        """Set the variables, limit what is loaded, and stand ready for what will be."""
        before = set_variables(self.asked.variables)
        self._undo.callback(set_variables, before)
        environ.watch_writes(*self.asked.variables)
        pools = _pools_by_package() if needs_pools(before) else {}
        found = too_late(before, frozenset(sys.modules), pools)
        self.late = tuple(one._replace(place=importer_of(one.module)) for one in found)
        for act in self.asked.acts:
            self._stand_ready(act, loaded=bool(pools))

    def _stand_ready(self, act: Act, *, loaded: bool) -> None:
        if act.module:
            from wrapt import register_post_import_hook  # noqa: PLC0415 - slow, for few profiles

            register_post_import_hook(self._deed(act), act.module)
        elif act is LIMIT_POOLS and loaded:
            from pytest_bulkhead.environment.pools import limit_pools  # noqa: PLC0415 - as above

            asked = {pool: self.asked.number(variable) for pool, (_, variable) in POOLS.items()}
            numbers = {pool: number for pool, number in asked.items() if number is not None}
            self._undo.callback(limit_pools(numbers))

    def _deed(self, act: Act) -> Callable[[ModuleType], None]:
        threads = self.asked.number("OMP_NUM_THREADS") or 1

        def done(module: ModuleType) -> None:
            if not self._over:
                # A library that has changed since must still be importable.
                with contextlib.suppress(AttributeError, TypeError, ValueError):
                    self._undo.callback(DEEDS[act.name](module, threads))

        return done

    def undo(self) -> None:
        """Put back what was there before; hooks that are left do nothing any more."""
        self._over = True
        self._undo.close()

    def look(self) -> Seen:
        """Look at this process, without bringing anything into use."""
        pools: tuple[Pool, ...] = ()
        if needs_pools(self.asked.variables):
            from pytest_bulkhead.environment.pools import loaded_pools  # noqa: PLC0415 - as above

            pools = tuple(loaded_pools())
        return Seen(
            variables={name: os.environ.get(name) for name in self.asked.variables},
            changed_at={name: environ.last_write_of(name) for name in self.asked.variables},
            pools=pools,
            torch=_ask_torch(),
            cuda_devices=_cuda_devices(),
        )


def _pools_by_package() -> dict[str, str]:
    from pytest_bulkhead.environment.pools import loaded_pools  # noqa: PLC0415 - as above

    return {pool.library: package_of(pool.path) for pool in loaded_pools()}


def _ask_torch() -> Torch | None:
    torch = sys.modules.get("torch")
    try:
        return Torch(torch.get_num_threads(), torch.get_default_device().type)  # type: ignore[union-attr]
    except AttributeError:  # not imported, a stub of a test, or older than 2.3
        return None


def _cuda_devices() -> int:
    """Return how many devices the driver has found, if it was initialised here, else 0."""
    with contextlib.suppress(OSError, AttributeError):
        # Only if it is loaded: asking must not load it.
        driver = ctypes.CDLL("libcuda.so.1", mode=os.RTLD_NOLOAD)
        count = ctypes.c_int()
        if driver.cuDeviceGetCount(ctypes.byref(count)) == 0:
            return count.value
    return 0
