"""A key as a person gives it in a form: text, or base64 of its bytes."""

import base64
import binascii

from django import forms


def given_key(text: str, *, is_base64: bool) -> bytes | None:
    """Return the key's bytes, None for no text; raises ValidationError for what is no base64."""
    if not text:
        return None
    if not is_base64:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise forms.ValidationError("This is no base64.") from error
