"""An app for benchmarks: a topic and a handler with one row of database effect."""
