"""Services for development and tests: real ones, started, killed and stopped on one machine."""
