"""The plain peer: a Django view with one raw INSERT, as short as it can be written."""
