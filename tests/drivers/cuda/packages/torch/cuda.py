"""As torch.cuda does, in as many steps."""

import torch


def is_available():
    return torch._C._cuda_getDeviceCount() > 0


def init():
    _lazy_init()


def _lazy_init():
    torch._C._cuda_init()
