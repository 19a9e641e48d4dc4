"""The backends. What they have in common: an engine that is loaded once, for the whole process."""

from __future__ import annotations

import dataclasses
import functools

from engines import device

#: What a serving engine takes of a GPU, be it needed or not: weights, and a cache that fills it.
_SHARE = 0.6


@dataclasses.dataclass(frozen=True)
class Backend:
    """A model that is in the memory of the GPU."""

    name: str
    #: How the words of an answer are put together.
    join: str
    memory: object = dataclasses.field(repr=False)

    def generate(self, prompt: str, most_words: int = 8) -> str:
        """Return an answer of so many words at most."""
        words = prompt.split() or ["nothing"]
        answer = [words[index % len(words)] for index in range(most_words)]
        return self.join.join(answer[: max(1, most_words)])

    def generate_all(self, prompts: list[str], most_words: int = 8) -> list[str]:
        """Return an answer for each prompt."""
        return [self.generate(prompt, most_words) for prompt in prompts]


def _loaded(name: str, join: str) -> Backend:
    gpu = device.device()
    return Backend(name, join, gpu.reserve(int(gpu.total * _SHARE)))


@functools.cache
def transformers() -> Backend:
    """Return the backend that is there for everything."""
    return _loaded("transformers", " ")


@functools.cache
def vllm() -> Backend:
    """Return the backend that has the best throughput."""
    return _loaded("vllm", ", ")


@functools.cache
def llama_cpp() -> Backend:
    """Return the backend for models that were quantised."""
    return _loaded("llama_cpp", "-")
