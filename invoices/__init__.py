"""Orders and their invoices: a customer who orders gets the invoice by e-mail, once."""
