"""People: who is there in every test's database. Imports nothing: no topic is declared by it."""

OPERATOR = {"username": "operator", "password": "only for tests"}
