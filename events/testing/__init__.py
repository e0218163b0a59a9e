"""The pytest kit: what a project that uses Waybill puts into its own tests (docs/testing.md)."""
