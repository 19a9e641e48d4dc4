"""A stub that a test file puts into `sys.modules` is there for all files that come after it.

With bulkhead it stands for the tests of this file alone, in a process of their own. For a stub in
one test there is the fixture `stub_module`.
"""

import sys
import types

sys.modules["torch"] = types.SimpleNamespace(float32="float32")


def test_dtype():
    import torch

    assert torch.float32 == "float32"
