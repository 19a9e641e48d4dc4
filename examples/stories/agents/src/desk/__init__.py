"""A desk of agents that answer questions from what they were told."""

from desk.agent import Agent
from desk.memory import Memory
from desk.settings import settings

__all__ = ["Agent", "Memory", "settings"]
