"""The collector: takes reports, judges devices, shows the few that matter."""
