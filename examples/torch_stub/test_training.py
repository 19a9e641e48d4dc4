"""An innocent file that needs the real torch."""

import torch


def test_gradient():
    x = torch.ones(1, requires_grad=True)
    (x * 3).backward()
    assert x.grad == 3
