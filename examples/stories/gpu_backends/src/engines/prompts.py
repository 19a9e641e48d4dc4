"""Prompts, which need no GPU."""

from __future__ import annotations


def templated(system: str, *turns: str) -> str:
    """Return a prompt of a system's words and turns, the user's first."""
    roles = ("user", "assistant")
    lines = [f"<{roles[index % 2]}> {turn}" for index, turn in enumerate(turns)]
    return "\n".join([f"<system> {system}", *lines])


def cut(prompt: str, most_words: int) -> str:
    """Return the last words of a prompt that is too long."""
    return " ".join(prompt.split()[-most_words:])
