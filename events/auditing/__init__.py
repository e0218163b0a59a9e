"""The audit: what happened to an event, and who changed what by hand."""
