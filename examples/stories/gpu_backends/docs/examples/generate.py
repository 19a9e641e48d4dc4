# requires: gpu=1 executable=nvidia-smi
# timeout: 120
"""How an answer is asked for: a script has the real GPU, or is skipped."""

from engines.backends import transformers

print(transformers().generate("a ship has a hull"))
