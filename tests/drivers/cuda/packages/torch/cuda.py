"""As torch.cuda does, in as many steps."""

import types

import torch

from . import card


def is_available():
    return torch._C._cuda_getDeviceCount() > 0


def init():
    _lazy_init()


_state = []


def _lazy_init():
    torch._C._cuda_init()
    _state.append("initialised")


def synchronize():
    _lazy_init()
    card.hold(0)
    torch._C._cuda_synchronize()


def is_initialized():
    return bool(_state)


def set_device(device):
    synchronize()


def device_count():
    return torch._C._cuda_getDeviceCount()


def mem_get_info(device=None):
    synchronize()
    return 0, card.total()


def get_device_properties(device=None):
    _lazy_init()
    if device == 9:
        raise AssertionError("Invalid device id")
    properties = {"name": f"device {device or 0}", "major": 9, "minor": 0, "uuid": object()}
    return types.SimpleNamespace(**properties)


def get_device_capability(device=None):
    properties = get_device_properties(device)
    return properties.major, properties.minor


def is_bf16_supported(including_emulation=True):
    return is_available() and get_device_capability()[0] >= 8
