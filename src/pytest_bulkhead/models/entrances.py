"""Where libraries load models by their names: each such call asks first what stands in for one.

Theory of operation: the outermost calls are the ones to change. A folder that is handed to them is
read by all that they call; further down each file of the wanted model would be asked of the hub.
What is changed has its place in a table, and what a version of a library does not have is left out.
A class is changed when its module has been imported; a function is replaced wherever it has been
imported to by then.

Imports none of the libraries: who has not loaded one needs nothing of this.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from pytest_bulkhead.models.substitution import STANDING
from pytest_bulkhead.models.trust import explained, refuse_code_of

_Call = Callable[..., Any]
Undo = Callable[[], object]

#: Modules whose classes have a `from_pretrained`.
_FROM_PRETRAINED = (
    "transformers.configuration_utils",
    "transformers.feature_extraction_utils",
    "transformers.generation.configuration_utils",
    "transformers.image_processing_base",
    "transformers.modeling_utils",
    "transformers.models.auto.auto_factory",
    "transformers.models.auto.configuration_auto",
    "transformers.models.auto.feature_extraction_auto",
    "transformers.models.auto.image_processing_auto",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.processing_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.auto.video_processing_auto",
    "transformers.processing_utils",
    "transformers.tokenization_mistral_common",
    "transformers.tokenization_utils_base",
    "transformers.video_processing_utils",
)
#: Modules whose classes are made of a model's name: of sentence-transformers 6, and of 5.
_MADE_OF_NAMES = (
    "sentence_transformers.base.model",
    "sentence_transformers.cross_encoder.model",
    "sentence_transformers.sentence_transformer.model",
    "sentence_transformers.sparse_encoder.model",
    "sentence_transformers.SentenceTransformer",
    "sentence_transformers.cross_encoder.CrossEncoder",
    "sentence_transformers.sparse_encoder.SparseEncoder",
)
#: {module: (function, the parameter with the name)}
_FUNCTIONS = {
    "transformers.pipelines": ("pipeline", "model"),
    "huggingface_hub._snapshot_download": ("snapshot_download", "repo_id"),
    "huggingface_hub.file_download": ("hf_hub_download", "repo_id"),
}
#: How the parameter with the name is called.
_OF_CLASSES, _OF_INSTANCES = "pretrained_model_name_or_path", "model_name_or_path"

#: What is said of the wanted model, and means nothing for another.
_OF_THE_WANTED = ("revision", "code_revision", "tokenizer_revision", "trust_remote_code")


class Entrances:
    """What was changed in libraries, now or when they are imported."""

    def __init__(self) -> None:
        self._undo = contextlib.ExitStack()
        self._over = False

    def watch(self) -> None:
        """Change what is loaded, and stand ready for what will be."""
        from wrapt import register_post_import_hook  # noqa: PLC0415 - slow, for who asks only

        for change, modules in (
            (_change_classes, _FROM_PRETRAINED),
            (_change_constructors, _MADE_OF_NAMES),
            (_change_function, tuple(_FUNCTIONS)),
        ):
            for module in modules:
                register_post_import_hook(self._then(change, module), module)

    def _then(
        self, change: Callable[[ModuleType, str], Iterator[Undo]], name: str
    ) -> Callable[[ModuleType], None]:
        def imported(module: ModuleType) -> None:
            if not self._over:
                # A library that has changed since must still be importable, and a stub of one,
                # which may have any name and raise anything, is not ours to judge.
                with contextlib.suppress(Exception):
                    for undo in change(module, name):
                        self._undo.callback(undo)

        return imported

    def undo(self) -> None:
        """Put back what was there before; hooks that are left do nothing any more."""
        self._over = True
        self._undo.close()


def _change_classes(module: ModuleType, module_name: str) -> Iterator[Undo]:
    for owner in _classes_of(module, module_name):
        own = vars(owner).get("from_pretrained")
        if isinstance(own, classmethod) and _OF_CLASSES in _parameters(own.__func__):
            yield _put(owner, "from_pretrained", classmethod(_asking(own.__func__, _OF_CLASSES)))


def _change_constructors(module: ModuleType, module_name: str) -> Iterator[Undo]:
    for owner in _classes_of(module, module_name):
        own = vars(owner).get("__init__")
        if own is not None and _OF_INSTANCES in _parameters(own):
            yield _put(owner, "__init__", _asking(own, _OF_INSTANCES))


def _change_function(module: ModuleType, module_name: str) -> Iterator[Undo]:
    name, parameter = _FUNCTIONS[module_name]
    own = getattr(module, name, None)
    if own is None or parameter not in _parameters(own):
        return
    ours = _asking(own, parameter)
    _replace(name, own, ours)
    yield functools.partial(_replace, name, ours, own)


def _replace(name: str, old: object, new: object) -> None:
    """Put a function in the place of another in all modules that have that under its name."""
    for module in list(sys.modules.values()):
        # Not by getattr: a lazy module would import what it is asked for.
        if getattr(module, "__dict__", {}).get(name) is old:
            setattr(module, name, new)


def _classes_of(module: ModuleType, name: str) -> list[type]:
    found = (one for one in list(vars(module).values()) if isinstance(one, type))
    return [one for one in found if one.__module__ == name]


def _parameters(call: _Call) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(call).parameters


def _put(owner: type, name: str, new: object) -> Undo:
    before = vars(owner)[name]
    setattr(owner, name, new)
    return lambda: setattr(owner, name, before)


def _asking(own_way: _Call, parameter: str) -> _Call:
    """Return a call that loads what stands in for the model that it is asked for."""
    signature = inspect.signature(own_way)
    takes_more = any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())

    @functools.wraps(own_way)
    def asks(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the library's
        __tracebackhide__ = True
        # Not all that it takes is in its signature: decorators take arguments out of use.
        names = list(kwargs if not takes_more else ())
        more = {name: kwargs.pop(name) for name in names if name not in signature.parameters}
        bound = _bound(signature, args, kwargs)
        if bound is None:
            return own_way(*args, **kwargs, **more)  # which says what is wrong
        return _load(own_way, bound, more, parameter)

    return asks


def _bound(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> inspect.BoundArguments | None:
    try:
        return signature.bind(*args, **kwargs)
    except TypeError:
        return None


def _load(
    own_way: _Call, bound: inspect.BoundArguments, more: Mapping[str, Any], parameter: str
) -> Any:  # noqa: ANN401 - the library's
    __tracebackhide__ = True
    name: Any = bound.arguments.get(parameter)
    rule = STANDING.stand_in(name)
    if rule is None:
        if isinstance(name, str) and _said(bound, "trust_remote_code"):
            refuse_code_of(name)
        with explained(name):
            return own_way(*bound.args, **bound.kwargs, **more)
    asked = os.fspath(name)
    STANDING.note(asked, rule)
    with explained(rule.given, instead_of=asked):
        if parameter == "repo_id" and os.path.isdir(rule.given):
            return _local(rule.given, bound)
        bound.arguments[parameter] = rule.given
        _forget(bound)
        return own_way(*bound.args, **bound.kwargs, **more)


def _said(bound: inspect.BoundArguments, name: str) -> object:
    return next((place[name] for place in _places(bound) if name in place), None)


def _forget(bound: inspect.BoundArguments) -> None:
    for place in _places(bound):
        for name in _OF_THE_WANTED:
            place.pop(name, None)


def _places(bound: inspect.BoundArguments) -> Iterator[dict[str, Any]]:
    """Yield where arguments by name stand: those that have a parameter, and all others."""
    yield bound.arguments
    for name, parameter in bound.signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD and name in bound.arguments:
            yield bound.arguments[name]


def _local(folder: str, bound: inspect.BoundArguments) -> str:
    """Return what a download of a folder that is here gives: the folder, or a file in it.

    Raises:
        FileNotFoundError: it has no such file; the library's own error is one, too.
    """
    filename = bound.arguments.get("filename")
    if filename is None:
        return folder
    path = os.path.join(folder, bound.arguments.get("subfolder") or "", filename)
    if not os.path.isfile(path):
        raise _no_entry()(f"{path} is not there")
    return path


def _no_entry() -> type[Exception]:
    errors: Any = sys.modules.get("huggingface_hub.errors")
    found: type[Exception] = getattr(errors, "LocalEntryNotFoundError", FileNotFoundError)
    return found
