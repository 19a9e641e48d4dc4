"""What marks that people have already ask for: as it is built in, or as `isolate_marks` says.

Knows no test and no pytest. Every isolated run imports it, so it imports next to nothing: what is
asked for is written as the mark `requires` has it, and read when a test carries such a mark.

The rules:

1. What a line of `isolate_marks` says of a name is so.
2. What is built in is so unless somebody else has registered the name: it then means what they say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

#: {key of the mark `requires`: its value}
KeyValues = Mapping[str, object]

#: Any other name that begins so: the rest of it is a module. Not built in, for as many are none.
ANY = "requires_*"
_BEGINNING = ANY[:-1]

BUILT_IN: dict[str, KeyValues] = {
    "gpu": {"gpu": 1},
    "requires_gpu": {"gpu": 1},
    "multi_gpu": {"gpu": 2},
    "requires_heavy_ram": {"ram": "48GB"},
    "vllm": {"gpu": 1, "module": "vllm"},
    "huggingface": {"module": "transformers"},
    "ollama": {"service": "ollama"},
    "requires_ollama": {"service": "ollama"},
    "mps": {"accelerator": "mps"},
    "slow": {},
    "qualitative": {},
    "integration": {},
    "semantic": {},
    "unit": {},
}


class Preset(NamedTuple):
    """What a mark asks for."""

    needs: KeyValues
    #: A line says so, and not we.
    asked: bool = False


Presets = Mapping[str, Preset]


def in_force(asked: Mapping[str, KeyValues], others: Collection[str]) -> Presets:
    """Return what marks ask for.

    Args:
        asked: what lines of `isolate_marks` say.
        others: the names of marks that somebody else has registered.
    """
    ours = {name: Preset(needs) for name, needs in BUILT_IN.items() if name not in others}
    return {**ours, **{name: Preset(needs, True) for name, needs in asked.items()}}


def preset_of(name: str, presets: Presets) -> Preset | None:
    """Return what a mark asks for; None for one that is none of ours, or asks for nothing."""
    module = name[len(_BEGINNING) :]
    if name not in presets and ANY in presets and module and name.startswith(_BEGINNING):
        return Preset({"module": module}, True)
    found = presets.get(name)
    return found if found and found.needs else None


def needs_of_mark(preset: Preset, args: tuple[object, ...], kwargs: KeyValues) -> KeyValues:
    """Return what one mark asks for: `requires_gpu(2)`, `gpu(gpu_memory="24GB", reason="...")`.

    Values without a key are of what the mark asks for, in that order; there are no more of them.
    """
    named = {key: value for key, value in kwargs.items() if key != "reason"}
    return {**preset.needs, **dict(zip(preset.needs, args, strict=False)), **named}


def registrations(presets: Presets, known: Collection[str]) -> Iterable[str]:
    """Yield the lines by which marks are registered that are not known yet."""
    for name, preset in presets.items():
        if name not in known and name != ANY:
            yield f"{name}: {_described(preset.needs)} (pytest-bulkhead, isolate_marks)."


def _described(needs: KeyValues) -> str:
    words = [f"{key}={value!r}" for key, value in needs.items()]
    return f"as requires({', '.join(words)})" if words else "asks for nothing"
