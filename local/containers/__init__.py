"""The services as containers, where a Docker engine runs: SERVICES=containers."""
