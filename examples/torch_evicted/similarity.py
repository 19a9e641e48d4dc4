"""The product: a function that imports torch."""

import torch


def cosine(a, b):
    return float(torch.nn.functional.cosine_similarity(torch.tensor(a), torch.tensor(b), dim=0))
