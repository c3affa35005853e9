"""The tests; what hypothesis makes up is the same on every machine, and how long an example takes there is nobody's fault."""

from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
settings.load_profile("steady")
