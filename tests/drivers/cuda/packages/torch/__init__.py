"""A stand-in for torch: only its way to CUDA's driver."""

from . import _C as _C
from . import cuda as cuda
