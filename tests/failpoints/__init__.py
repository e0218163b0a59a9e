"""An app for the processes under test: one topic, one handler, failpoints and broken variants."""
