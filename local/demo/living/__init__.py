"""The demo that lives: orders flow, a table tells what becomes of them, and people may meddle."""
