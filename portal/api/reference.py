"""/api/v1/docs: every address of the API with its fields and answers, made from its own description."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from portal.api.v1 import api
from portal.http import render_page

PAGE = "api/reference.html"
PREFIX = "/api/v1/"
KINDS = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name with what it is in, its kind, whether it must be there, and what it says."""

    name: str
    kind: str
    required: bool
    says: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One status, and the fields that come with it."""

    status: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """One thing that can be asked. `example` is JSON, "" where nothing is sent."""

    anchor: str
    method: str
    path: str
    scope: str
    says: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    example: str
    good: Answer
    refusals: str


@require_safe
def description(request: HttpRequest) -> HttpResponse:
    """Describe the API as OpenAPI 3.1. It is the same for everybody."""
    return JsonResponse(schema())


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Show the API. It is the same for everybody."""
    context = {"addresses": addresses(), "portal_url": settings.PUBLIC_URL}
    return render_page(request, PAGE, context=context)


@cache
def schema() -> dict[str, Any]:
    """Return the description: made once, for that takes half a second."""
    return api.get_openapi_schema(path_prefix=PREFIX)


@cache
def addresses() -> tuple[Address, ...]:
    """Return every address, in the order of the description."""
    described = schema()
    shapes = described["components"]["schemas"]
    return tuple(
        _address(path, method, said, shapes)
        for path, methods in described["paths"].items()
        for method, said in methods.items()
    )


def _address(path: str, method: str, said: Mapping[str, Any], shapes: Mapping[str, Any]) -> Address:
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    good = next(status for status in said["responses"] if int(status) < 400)
    shape = _named(body, shapes)
    examples = shape.get("examples", [])
    return Address(
        anchor=said["operationId"].rpartition(".")[2],
        method=method.upper(),
        path=path,
        scope=said["x-scope"],
        says=said.get("description", "").replace("`", ""),
        parameters=tuple(_parameter(each) for each in said.get("parameters", [])),
        body=tuple(_fields(shape, shapes)),
        example=json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else "",
        good=Answer(str(good), tuple(_fields(_shape_of(said["responses"][good], shapes), shapes))),
        refusals=", ".join(str(status) for status in said["responses"] if int(status) >= 400),
    )


def _parameter(said: Mapping[str, Any]) -> Field:
    name = f"{said['name']} ({said['in']})"
    return Field(name, _kind(said["schema"]), bool(said.get("required")), said.get("description", ""))


def _shape_of(answer: Mapping[str, Any], shapes: Mapping[str, Any]) -> Mapping[str, Any]:
    content = answer.get("content", {}).get("application/json", {})
    return _named(content.get("schema", {}), shapes)


def _named(said: Mapping[str, Any], shapes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the shape that a reference names, also where it may be null or stands alone in a list."""
    for each in (said, *said.get("anyOf", ()), *said.get("allOf", ())):
        if "$ref" in each:
            found: Mapping[str, Any] = shapes[each["$ref"].rpartition("/")[2]]
            return found
    return said


def _fields(shape: Mapping[str, Any], shapes: Mapping[str, Any], prefix: str = "") -> Iterator[Field]:
    """Yield a shape's fields, those of shapes within it after it."""
    for name, said in shape.get("properties", {}).items():
        inner = _named(said.get("items", said), shapes)
        several = "[]" if said.get("type") == "array" else ""
        says = (said.get("description", "") or inner.get("description", "")).replace("`", "")
        required = name in shape.get("required", ())
        yield Field(f"{prefix}{name}{several}", _kind(said), required, says)
        if inner.get("properties"):
            yield from _fields(inner, shapes, f"{prefix}{name}{several}.")


def _kind(said: Mapping[str, Any]) -> str:
    """Return text, whole number (1 to 200) and the like."""
    options = [each for each in said.get("anyOf", [said]) if each.get("type") != "null"]
    first = options[0] if options else said
    named = str(first.get("type", "object"))
    kind = KINDS.get(named, named)
    kind = {"date-time": "instant", "date": "date", "email": "e-mail"}.get(first.get("format", ""), kind)
    if "minimum" in first and "maximum" in first:
        kind += f", {first['minimum']} to {first['maximum']}"
    if "maxLength" in first:
        kind += f", up to {first['maxLength']}"
    if "enum" in first:
        kind = "one of " + ", ".join(map(str, first["enum"]))
    return kind
