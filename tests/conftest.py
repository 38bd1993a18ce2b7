"""What all tests share: no test fails because the machine is busy."""

from hypothesis import HealthCheck, settings

# Hypothesis' own limits are of wall time (200 ms an example); a laptop that does other things breaks them.
settings.register_profile("farmwatch", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("farmwatch")
