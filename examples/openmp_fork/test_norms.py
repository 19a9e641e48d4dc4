"""OpenMP keeps a pool of threads, and a fork does not copy threads: the child waits for them.

The profile single-thread has pools of one thread, which is no thread: there is nothing to lose.
"""

import multiprocessing

import torch


def norm(seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(512, 512, generator=generator).sum().item()


def test_norm():
    assert norm(0) > 0


def test_norms_in_parallel():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert min(pool.map(norm, range(4))) > 0
