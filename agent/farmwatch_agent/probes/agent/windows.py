"""The agent's health on Windows: nothing of it depends on the platform."""

from .health import collect

__all__ = ["collect"]
