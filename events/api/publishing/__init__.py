"""Publishing over HTTP: from a request in any of its forms to what its sender is told."""
