"""What numpy and torch keep for the whole process, where they are loaded. Imports neither."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from pytest_bulkhead.guards.resource import Resource, shown_changes


class Numpy(Resource):
    """How numpy calculates and prints."""

    name = "numpy"
    watches = "numpy's `errstate` and print options"
    advice = "use np.errstate() and np.printoptions()"

    def snapshot(self) -> dict[str, Any]:
        numpy: Any = sys.modules.get("numpy")
        if not hasattr(numpy, "get_printoptions"):
            return {}
        return {**numpy.geterr(), **numpy.get_printoptions()}

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterable[str]:
        return shown_changes(before, after)

    def restore(self, before: dict[str, Any]) -> None:
        numpy: Any = sys.modules.get("numpy")
        if before:
            errors = numpy.geterr().keys()
            numpy.seterr(**{name: value for name, value in before.items() if name in errors})
            options = {name: value for name, value in before.items() if name not in errors}
            numpy.set_printoptions(**options)


class Torch(Resource):
    """How torch calculates, and where."""

    name = "torch"
    watches = (
        "torch's default dtype and device, threads, grad mode, deterministic algorithms, "
        "matmul precision, cuDNN flags"
    )
    advice = "use torch.no_grad(), torch.device() and their like in a `with`, or a teardown"

    #: (what it is called, how it is read, how it is set), as attributes of torch.
    _SETTINGS = (
        ("default dtype", "get_default_dtype", "set_default_dtype"),
        ("default device", "get_default_device", "set_default_device"),
        ("number of threads", "get_num_threads", "set_num_threads"),
        ("grad mode", "is_grad_enabled", "set_grad_enabled"),
        (
            "deterministic algorithms",
            "are_deterministic_algorithms_enabled",
            "use_deterministic_algorithms",
        ),
        ("matmul precision", "get_float32_matmul_precision", "set_float32_matmul_precision"),
    )
    _FLAGS = ("deterministic", "benchmark", "allow_tf32", "enabled")

    def snapshot(self) -> dict[str, Any]:
        torch: Any = sys.modules.get("torch")
        if not hasattr(torch, "is_grad_enabled"):
            return {}
        found = {
            title: getattr(torch, read)()
            for title, read, _set in self._SETTINGS
            if hasattr(torch, read)
        }
        cudnn = getattr(getattr(torch, "backends", None), "cudnn", None)
        for name in self._FLAGS if cudnn is not None else ():
            found[f"cudnn.{name}"] = getattr(cudnn, name, None)
        return found

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterable[str]:
        return shown_changes(before, after)

    def restore(self, before: dict[str, Any]) -> None:
        torch: Any = sys.modules.get("torch")
        now = self.snapshot()
        for title, _read, put in self._SETTINGS:
            if title in before and now[title] != before[title]:
                getattr(torch, put)(before[title])
        for name in self._FLAGS:
            title = f"cudnn.{name}"
            if title in before and now[title] != before[title]:
                setattr(torch.backends.cudnn, name, before[title])
