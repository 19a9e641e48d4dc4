"""What this machine has to give to tests that take something of it."""

from __future__ import annotations

from pytest_bulkhead.core.known import value_or
from pytest_bulkhead.core.resources.capacity import Capacity, Card
from pytest_bulkhead.core.resources.devices import name_cards
from pytest_bulkhead.system import mps, nvml, process
from pytest_bulkhead.system.machine import ThisMachine


def capacity_of(machine: ThisMachine, *, gpus: bool) -> Capacity:
    """Return it; GPUs are looked at only where a test takes one."""
    cpus = value_or(machine.cpus(), float(process.usable_cores()))
    ram = value_or(machine.ram(), 0.0)
    variable, in_bus_order = nvml.chosen()
    devices = value_or(machine.devices("cuda"), ()) if gpus else ()
    cards: tuple[Card, ...] = name_cards(devices, variable, in_bus_order=in_bus_order)
    if cards and mps.is_served():
        # The mode lets one process in, and that is the daemon's.
        cards = tuple(card._replace(alone=False) for card in cards)
        return Capacity(cpus, ram, cards, variable is None, mps=True)
    return Capacity(cpus, ram, cards, variable is None)
