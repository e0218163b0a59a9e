"""The demo: ten orders travel from HTTP to the customer's mailbox, on real services."""
