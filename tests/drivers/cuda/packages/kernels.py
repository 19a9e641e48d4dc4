"""A package that initialises CUDA when it is imported, as some do."""

import torch

torch.cuda.init()
