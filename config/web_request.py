"""The request as the web server hands it over, made harmless where Django could not take it."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest


class WebRequest(WSGIRequest):
    """Django raises for a Content-Type with a parameter in an unknown charset, before any view or
    middleware could answer: the caller would get no answer at all. Here it is no content type.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except (ValueError, LookupError):
            meta["CONTENT_TYPE"] = ""
            self.content_type, self.content_params = "", {}
