"""Operating over HTTP: from a request to a service of events.operating, audited either way."""
