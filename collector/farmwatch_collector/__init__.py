"""The collector: takes reports, judges devices, shows the few that matter."""

__version__ = "0.1.0"
