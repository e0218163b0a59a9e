"""Media types: what a Content-Type says, in lower case and without its parameters."""

from django.utils.http import parse_header_parameters

BYTES = "application/octet-stream"
UTF_8 = "utf-8"
_ALSO_UTF_8 = "utf8"


def media_type_of(content_type: str) -> str:
    """Return the type without parameters; empty if there is none."""
    return content_type.partition(";")[0].strip().lower()


def charset_of(content_type: str) -> str:
    """Return the charset, "utf-8" where none is named; empty if it cannot be made out."""
    if ";" not in content_type:
        return UTF_8
    try:
        _, parameters = parse_header_parameters(content_type)
    except ValueError:
        return ""
    named = parameters.get("charset", UTF_8).lower()
    return UTF_8 if named == _ALSO_UTF_8 else named
