"""Replaying: an audited job that consumes old events of one group again."""
