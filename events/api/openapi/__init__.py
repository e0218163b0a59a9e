"""OpenAPI: what each address takes and answers, written beside the views that do it.

Source: OpenAPI 3.1.0; schemas are JSON Schema 2020-12.
"""
