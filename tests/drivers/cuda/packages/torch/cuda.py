"""As torch.cuda does, in as many steps."""

import types

import torch


def is_available():
    return torch._C._cuda_getDeviceCount() > 0


def init():
    _lazy_init()


def _lazy_init():
    torch._C._cuda_init()


def synchronize():
    _lazy_init()
    torch._C._cuda_synchronize()


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
