"""The OpenAPI document: valid, complete, and nothing in it points nowhere."""

import re
from collections import Counter
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from events.api.openapi.assembly import openapi_document, operations
from events.api.problem_kind import problem_kinds

ADDRESSES = sorted({(address, method) for address, method, _ in operations()})
IN_PATH = re.compile(r"{(\w+)}")


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(openapi_document()).validate()


def test_the_validator_would_find_an_undescribed_parameter() -> None:
    document = openapi_document()
    document["paths"]["/api/v1/events/{event_id}"]["get"]["parameters"] = []
    with pytest.raises(OpenAPIValidationError):
        OpenAPIV31SpecValidator(document).validate()


@pytest.mark.parametrize(("address", "method"), ADDRESSES)
def test_every_operation_is_described(address: str, method: str) -> None:
    described = openapi_document()["paths"].get(address, {}).get(method)
    assert described, "give the view's method an Operation"
    assert described["summary"]
    assert described["tags"]
    in_path = [each["name"] for each in described["parameters"] if each["in"] == "path"]
    assert sorted(in_path) == sorted(IN_PATH.findall(address))


def test_names_of_operations_are_used_once() -> None:
    ids = Counter(operation.id for _, _, operation in operations() if operation)
    assert ids.most_common(1)[0][1] == 1


def test_every_shape_is_a_json_schema_and_every_reference_leads_to_one() -> None:
    document = openapi_document()
    shapes = document["components"]["schemas"]
    for shape in shapes.values():
        Draft202012Validator.check_schema(shape)
    used = {each.rsplit("/", 1)[1] for each in references(document)}
    assert used == set(shapes)


def test_every_problem_is_of_a_kind_with_a_page() -> None:
    known = {(kind.code, kind.status) for kind in problem_kinds()}
    for _, _, operation in operations():
        for kind in operation.problems if operation else ():
            assert (kind.code, kind.status) in known


def references(part: Any) -> set[str]:
    """Every `$ref` in a part of the document."""
    if isinstance(part, list):
        return set().union(*map(references, part))
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
    return own.union(*map(references, part.values()))
