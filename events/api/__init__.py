"""The HTTP API: thin doors to publishing and auditing, and one form for everything refused."""
