"""What a fake has of torch's `Module`: it is moved, converted, and asked for its weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_bulkhead.models.arrays import name_of_device, tensor_of, torch_for
from pytest_bulkhead.models.fake import Fake


class FakeModule(Fake):
    """A fake that tells on which device and of which type its tensors are to be."""

    training = False
    #: The name of a type of numbers, in numpy and in torch.
    _dtype = "float32"

    @property
    def dtype(self) -> Any:
        """The type of its numbers, torch's."""
        return getattr(torch_for("dtype"), self._dtype)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Have tensors be on another device, or of another type: float32 or float16."""
        for given in (*args, kwargs.get("device"), kwargs.get("dtype")):
            if isinstance(given, (str, int)) and not isinstance(given, bool):
                self._device = name_of_device(given)
            elif type(given).__name__ == "device":
                self._device = str(given)
            elif type(given).__name__ == "dtype":
                self._become(str(given))
            elif not isinstance(given, (bool, type(None))):
                raise NotImplementedError(f"to({given!r}): the fake model knows devices and types")
        return self

    def _become(self, dtype: str) -> None:
        name = dtype.removeprefix("torch.")
        if name not in ("float32", "float16"):
            raise NotImplementedError(f"{dtype}: the fake model knows float32 and float16")
        self._dtype = name

    def cpu(self) -> Any:
        """Do as `to("cpu")`."""
        return self.to("cpu")

    def cuda(self, device: Any = None) -> Any:
        """Do as `to("cuda")`."""
        return self.to("cuda" if device is None else device)

    def half(self) -> Any:
        """Have numbers be of type float16."""
        self._become("float16")
        return self

    def float(self) -> Any:
        """Have numbers be of type float32."""
        self._become("float32")
        return self

    def train(self, mode: bool = True) -> Any:
        """Note the mode, which changes nothing."""
        self.training = mode
        return self

    def eval(self) -> Any:
        """Do as `train(False)`."""
        return self.train(mode=False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Do nothing: what has no gradients needs no freezing.

        Raises:
            NotImplementedError: gradients are asked for.
        """
        if requires_grad:
            raise NotImplementedError("requires_grad_(True): the fake model cannot be trained")
        return self

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """Yield one tensor of zeros: whoever asks wants a device, a type or a number."""
        yield tensor_of([0.0] * self._dim, self._device, self._dtype)
