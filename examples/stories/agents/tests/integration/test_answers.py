"""Agents with a language model: each test configures one, as the product's start does."""

import asyncio

import pytest
from desk import settings
from desk.agent import first_note, hosted


async def test_answer_from_memory(agent):
    settings.configure(lm=first_note)
    assert await agent.answer("Where is the office?", "ada") == "The office is in Bern"


async def test_tools_are_asked(agent):
    async def clock(question):
        return "It is noon"

    settings.configure(lm=first_note)
    agent.tools = [clock]
    assert await agent.answer("What time is it?", "bob") == "It is noon"


async def test_several_at_once(agent):
    settings.configure(lm=first_note)
    answers = await agent.answer_all(["When is lunch?", "Where is the office?"], "ada")
    assert answers == ["Lunch is at noon", "The office is in Bern"]


async def test_too_slow(agent):
    async def slow(prompt):
        await asyncio.sleep(60)

    settings.configure(lm=slow, patience=0.05)
    assert "too long" in await agent.answer("Anything?", "ada")


@pytest.mark.qualitative
async def test_answer_is_short(agent):
    settings.configure(lm=first_note)
    assert len(await agent.answer("What does Ada like?", "ada")) < 80


@pytest.mark.requires_key
async def test_hosted(agent):
    settings.configure(lm=hosted)
    assert "Bern" in await agent.answer("Where is the office?", "ada")


@pytest.mark.requires_vllm
async def test_own_model(agent):
    import vllm

    engine = vllm.LLM("facebook/opt-125m")

    async def own(prompt):
        return engine.generate(prompt)[0].outputs[0].text

    settings.configure(lm=own)
    assert await agent.answer("Where is the office?", "ada")
