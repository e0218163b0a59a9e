"""An app for benchmarks, and what fills its tables: ten million events and what became of them."""
