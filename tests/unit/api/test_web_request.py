"""The request as the web server hands it over."""

import pytest
from django.test import RequestFactory

from config.web_request import WebRequest


@pytest.mark.parametrize("content_type", ["application/json; a*=bogus'en'%41", "a; b*=x'y'z"])
def test_a_content_type_that_cannot_be_parsed_is_none(content_type: str) -> None:
    environ = RequestFactory().post("/").environ | {"CONTENT_TYPE": content_type}
    request = WebRequest(environ)
    assert (request.content_type, request.META["CONTENT_TYPE"]) == ("", "")


def test_a_good_content_type_is_kept() -> None:
    environ = RequestFactory().post("/").environ | {"CONTENT_TYPE": "text/plain; charset=utf-8"}
    assert WebRequest(environ).content_type == "text/plain"
