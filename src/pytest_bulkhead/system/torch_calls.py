"""The calls by which torch comes to CUDA's driver: watched where a process is yet to be forked.

Theory of operation: all of torch's ways to the driver lead through two functions of its extension
module, which it looks up there each time: one counts devices, the other initialises CUDA. Ours
stand in their places from the moment that the extension is loaded; nobody imports torch for it.

- **Questions** are what a test file asks when it is imported: is there a device, what can it do,
  how much memory has it? To answer one, the driver is initialised, and the process that does it
  must not be forked any more. So a child answers, each question once.
- **Initialising** for anything else is done here. Who wanted it is noted, by the user's line.

A question keeps its function, with other code in it: others have imported it by then, and torch's
compiler tells functions by what they are.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from types import CodeType, FunctionType, ModuleType
from typing import Any

from pytest_bulkhead.core.known import Fact, Known
from pytest_bulkhead.system import linux, natives, places
from pytest_bulkhead.system.accelerators import blame, is_cuda_in_use
from pytest_bulkhead.system.errands import answer_of_child

#: Torch's extension module, and its two functions. A build without CUDA has neither.
EXTENSION = "torch._C"
COUNT, INITIALISE = "_cuda_getDeviceCount", "_cuda_init"

#: Where questions are asked, and those that have but a value for an answer.
ASKED = "torch.cuda"
QUESTIONS = (
    "current_device", "get_device_capability", "get_device_name", "get_device_properties",
    "is_bf16_supported", "is_tf32_supported", "mem_get_info",
)  # fmt: skip

#: Seconds that an answer may take: a driver with eight devices may take five.
_LIMIT = 30.0

#: What was put into torch's extension: {name: the function that stood there}.
_originals: dict[str, Callable[..., Any]] = {}

#: The first call that was not for a child to answer: one text, or none.
_called: list[str] = []

#: {question: its function, and the code that this had}
_questions: dict[str, tuple[FunctionType, CodeType]] = {}

#: {a question, with its arguments and the devices that are shown: what a child has answered}
_answers: dict[tuple[str, ...], Fact[Any]] = {}


def watch_torch() -> None:
    """Begin to watch torch's calls, now or when it is imported."""
    if linux.ON_LINUX:  # elsewhere nothing is forked
        natives.watch_natives()
        natives.when_loaded(EXTENSION, _watch)


def unwatch_torch() -> None:
    """Put back what was there: in a worker, CUDA may be used."""
    natives.when_loaded(EXTENSION, None)
    if _doorman in sys.meta_path:
        sys.meta_path.remove(_doorman)
    for name, original in _originals.items():
        setattr(sys.modules[EXTENSION], name, original)
    for function, code in _questions.values():
        function.__code__ = code
    _originals.clear()
    _questions.clear()


def first_call() -> str:
    """Return who first had torch ask the driver here, or where this was forked; empty for nobody.

    From then on torch refuses to be used in a fork, also where there was no device.
    """
    return "".join(_called)


def _watch(extension: ModuleType) -> None:
    for name, instead in ((COUNT, _counting), (INITIALISE, _blaming)):
        original = getattr(extension, name, None)
        if original is not None and name not in _originals:
            _originals[name] = original
            setattr(extension, name, instead(original))
    if _originals and ASKED in sys.modules:
        _watch_questions(sys.modules[ASKED])
    elif _originals and _doorman not in sys.meta_path:
        sys.meta_path.insert(0, _doorman)


class _Doorman:
    """Sees the module of questions imported, which comes right after the extension, and goes."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:  # noqa: ANN401 - importlib's
        if name != ASKED:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            _call_after(spec.loader, _watch_questions)
        return spec


_doorman: Any = _Doorman()


def _call_after(loader: Any, call: Callable[[ModuleType], None]) -> None:  # noqa: ANN401 - a Loader's own dict
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module
        execute(module)
        call(module)

    loader.exec_module = exec_module


def _watch_questions(module: ModuleType) -> None:
    for name in QUESTIONS:
        function = getattr(module, name, None)
        if isinstance(function, FunctionType) and not function.__closure__:
            _questions.setdefault(name, (function, function.__code__))
            function.__code__ = _code_that_asks(name, function)


def _code_that_asks(name: str, function: FunctionType) -> CodeType:
    """Return code for a function that passes on how it was called, as if it were torch's own."""
    text = (
        f"def {name}(*args, **kwargs):\n"
        f" from {__name__} import answer\n"
        f" __tracebackhide__ = True\n"
        f" return answer({name!r}, args, kwargs)"
    )
    found: dict[str, Any] = {}
    exec(compile(text, function.__code__.co_filename, "exec"), found)  # noqa: S102 - our own text
    code: CodeType = found[name].__code__
    return code


def answer(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401 - as in torch
    """Answer a question as torch does, by a child where that will do."""
    __tracebackhide__ = True
    function, code = _questions[name]
    ask = FunctionType(code, function.__globals__, name, function.__defaults__)
    ask.__kwdefaults__ = function.__kwdefaults__
    found = _by_child(name, functools.partial(ask, *args, **kwargs))
    return found.value if isinstance(found, Known) else ask(*args, **kwargs)


def _counting(count: Callable[[], int]) -> Callable[[], int]:
    """Return a function that has a child count."""
    blaming = _blaming(count)

    @functools.wraps(count)
    def count_elsewhere() -> int:
        __tracebackhide__ = True
        found = _by_child(COUNT, functools.partial(count))
        # Where there is none nothing is brought into use, and torch has a warning to give.
        return (isinstance(found, Known) and int(found.value)) or blaming()

    return count_elsewhere


def _by_child(name: str, ask: functools.partial[Any]) -> Fact[Any] | None:
    """Return what a child answers, None where this process can be asked as well."""
    if is_cuda_in_use():
        return None
    shown = os.environ.get("CUDA_VISIBLE_DEVICES", "-")
    asked = (name, repr(ask.args), repr(ask.keywords), shown)
    if asked not in _answers:
        _answers[asked] = answer_of_child(functools.partial(_ask_alone, ask), _LIMIT)
    return _answers[asked]


def _ask_alone(ask: Callable[[], object]) -> object:
    """Be the child: what it asks in turn it answers itself."""
    unwatch_torch()
    return ask()


def _blaming(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that notes who has called it, if that has brought CUDA into use."""

    @functools.wraps(call)
    def watched(*args: Any) -> Any:  # noqa: ANN401 - as in torch
        __tracebackhide__ = True
        before = is_cuda_in_use()
        if not _called:
            _called.append(places.call_of_user(sys._getframe(1)))
        try:
            return call(*args)
        finally:
            if not before and is_cuda_in_use():
                blame(places.call_of_user(sys._getframe(1)))

    return watched
