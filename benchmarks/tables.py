"""The tables that take one row of effect a message: the handlers' and the hand-written peers'."""

OURS = "CREATE TABLE IF NOT EXISTS bench_effect (id bigserial PRIMARY KEY, n text NOT NULL)"
BARE = "CREATE TABLE IF NOT EXISTS bare_effect (id bigserial PRIMARY KEY, n text NOT NULL)"
