"""The conftest of a sub-directory crashes while it is imported."""

import ctypes

ctypes.string_at(0)
