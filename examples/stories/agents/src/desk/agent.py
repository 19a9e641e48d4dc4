"""An agent: it looks into its memory, asks its tools and then a language model."""

from __future__ import annotations

import asyncio
import os
import urllib.request
from collections.abc import Awaitable, Callable, Sequence

from desk.memory import Memory
from desk.settings import settings

Tool = Callable[[str], Awaitable[str]]

PROMPT = """Answer from these notes alone.
{notes}
Question: {question}"""


class Agent:
    """Answers the questions of users, several at a time."""

    def __init__(self, memory: Memory, tools: Sequence[Tool] = ()) -> None:
        self.memory = memory
        self.tools = tools

    async def answer(self, question: str, user: str) -> str:
        """Return an answer, or an apology where the language model takes too long.

        Raise RuntimeError where no language model is configured.
        """
        if settings.lm is None:
            raise RuntimeError("no language model: settings.configure(lm=...)")
        notes = self.memory.search(question, user)
        notes += await asyncio.gather(*(tool(question) for tool in self.tools))
        prompt = PROMPT.format(notes="\n".join(f"- {note}" for note in notes), question=question)
        try:
            return await asyncio.wait_for(settings.lm(prompt), settings.patience)
        except asyncio.TimeoutError:
            return "Sorry, that took too long."

    async def answer_all(self, questions: Sequence[str], user: str) -> list[str]:
        """Answer several questions at once."""
        return list(await asyncio.gather(*(self.answer(each, user) for each in questions)))


async def first_note(prompt: str) -> str:
    """Be a language model that says again what was noted first."""
    notes = [line[2:] for line in prompt.splitlines() if line.startswith("- ")]
    return notes[0] if notes else "I don't know."


async def hosted(prompt: str) -> str:
    """Ask a language model of somebody else's; raise KeyError where there is no key for it."""
    address = os.environ.get("DESK_LM_URL", "https://lm.desk.example/complete")
    key = {"Authorization": f"Bearer {os.environ['DESK_LM_KEY']}"}
    request = urllib.request.Request(address, prompt.encode(), key)
    with await asyncio.to_thread(urllib.request.urlopen, request) as reply:
        return reply.read().decode()
