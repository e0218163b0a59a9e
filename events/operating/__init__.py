"""Operating: what people do to events and groups by hand, each an operator action."""
