"""The agent's health on macOS: nothing of it depends on the platform."""

from .health import collect

__all__ = ["collect"]
