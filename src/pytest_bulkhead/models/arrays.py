"""What fakes hand out: numpy's arrays and torch's tensors, imported when one is asked for.

Knows no model.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

from pytest_bulkhead.core.models.ngrams import Vector

PRECISIONS = ("float32", "int8", "uint8", "binary", "ubinary")


def numpy_for(what: str) -> Any:
    """Import numpy.

    Raises:
        ImportError: it is not installed; says who wants it for what, and what to do.
    """
    return _module("numpy", what)


def torch_for(what: str) -> Any:
    """Import torch; raises as `numpy_for`."""
    return _module("torch", what)


def _module(name: str, what: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ImportError(
            f"{what} needs {name}, which is not installed: install it, or ask the fake model for "
            "lists of floats, by fake.vectors(texts)",
            name=name,
        ) from error


class Device(str):
    """The name of a device, with the attribute of torch's that is asked for most."""

    __slots__ = ()

    @property
    def type(self) -> str:
        """What kind it is, as `cpu` or `cuda`."""
        return self.partition(":")[0]


def device_of(name: str) -> Any:
    """Return a device: torch's own if torch is imported, for to be told `cpu` nobody imports it.

    A stub of torch may have none.
    """
    make = getattr(sys.modules.get("torch"), "device", Device)
    return make(name)


def name_of_device(device: Any) -> str:
    """Return the name of a device that is given as torch takes it: a number is that of a GPU."""
    return f"cuda:{device}" if isinstance(device, int) else str(device)


def tensor_of(rows: Any, device: str, dtype: str = "float32") -> Any:
    """Return a tensor, made as models make theirs: without gradients."""
    torch = torch_for("a tensor")
    with torch.inference_mode():
        return torch.tensor(rows, dtype=getattr(torch, dtype), device=device)


def array_of(rows: Sequence[Vector], dtype: str) -> Any:
    """Return a numpy array, of two dimensions if there is any row."""
    numpy = numpy_for("encode(), unless convert_to_tensor=True,")
    return numpy.array(rows, dtype=dtype) if rows else numpy.array([])


def quantise(array: Any, precision: str) -> Any:
    """Return an array as sentence-transformers quantises it.

    Args:
        array: of two dimensions.
        precision: another one of `PRECISIONS` than float32; int8 and uint8 take the ranges of the
            array.

    Raises:
        ValueError: one row has no range.
    """
    numpy = numpy_for(f"precision={precision!r}")
    if precision.endswith("binary"):
        bits = numpy.packbits(array > 0, axis=-1)
        return bits if precision == "ubinary" else (bits - 128).astype("int8")
    if len(array) == 1:
        raise ValueError(f"Cannot compute {precision} quantization ranges from a single embedding.")
    lowest, highest = array.min(axis=0), array.max(axis=0)
    steps = (highest - lowest) / 255
    steps = numpy.where(steps == 0, 1, steps)
    levels = numpy.clip(numpy.floor((array - lowest) / steps), 0, 255)
    return levels.astype("uint8") if precision == "uint8" else (levels - 128).astype("int8")
