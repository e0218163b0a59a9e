"""The plain peer: Django views with one raw INSERT, as short as they can be written."""
