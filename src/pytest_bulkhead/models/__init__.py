"""Models in tests: loaded once and shared, another one in their place, or none at all.

Each name is loaded when it is first asked for, and none of our modules here imports torch, numpy
or the like: a conftest imports this package, and most tests need no model.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_bulkhead.models.failures import ModelNotLoaded as ModelNotLoaded
    from pytest_bulkhead.models.fakes import fake_feature_extraction as fake_feature_extraction
    from pytest_bulkhead.models.fakes import fake_sentence_transformer as fake_sentence_transformer
    from pytest_bulkhead.models.sharing import shared as shared
    from pytest_bulkhead.models.sharing import shared_model as shared_model

#: {public name: the module here that has it}
_MODULES = {
    "ModelNotLoaded": "failures",
    "fake_feature_extraction": "fakes",
    "fake_sentence_transformer": "fakes",
    "shared": "sharing",
    "shared_model": "sharing",
}

__all__ = list(_MODULES)


def __getattr__(name: str) -> object:
    """Load the module of a public name (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
