"""The agent's health on Linux: nothing of it depends on the platform."""

from .health import collect

__all__ = ["collect"]
