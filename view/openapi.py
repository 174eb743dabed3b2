"""The OpenAPI document of the questions and of overlays, from the records that they take and answer with."""

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.inspect import StructType, type_info

from answers.all import QUESTIONS
from answers.fields import EDGE, PLACE, edge_schema
from answers.question import AnyQuestion
from answers.reading import parameters, required
from view.overlays import EndAsked, Note, Notes, Overlays, Registered, Said, SaidAsked
from view.overlays import Overlay as OneOverlay
from view.questions import LIMITS, PATH

_NAME = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_.-]*$", "maxLength": 100},
}
_WRITING: list[dict[str, list[str]]] = [{"writing": []}]
_ERRORS = {
    "400": "What was sent cannot be used, or breaks the schema of its overlay: nothing is changed.",
    "401": "The token is missing.",
    "403": "This server does not write.",
    "404": "There is no such node, time or overlay, or nothing is said.",
    "413": "The body is too large.",
    "500": "The store refused the query.",
    "503": "The log or the store cannot be used now, nothing is stored yet, or there are too many requests.",
    "504": "The answer took too long.",
}


def document() -> dict[str, Any]:
    """Return the document."""
    records = (Overlays, OneOverlay, Notes, Note, Registered, Said, *(one.gives for one in QUESTIONS.values()))
    _, components = msgspec.json.schema_components(dict.fromkeys(records), ref_template=PLACE)
    return {
        "openapi": "3.1.0",
        "info": {"title": "servicemap", "version": "1"},
        "components": {
            "schemas": {**components, EDGE: edge_schema(), "Error": {"type": "object", "required": ["error"]}},
            "securitySchemes": {"writing": {"type": "http", "scheme": "bearer"}},
        },
        "paths": {
            **{PATH.format(name=name): {"get": _question(one)} for name, one in QUESTIONS.items()},
            "/api/overlays": {"get": _operation("All overlays that are registered.", Overlays)},
            "/api/overlays/{name}": {
                "parameters": [_NAME],
                "put": _operation("Register an overlay, or give it another schema.", OneOverlay, takes=Registered),
            },
            "/api/overlays/{name}/annotations": {
                "parameters": [_NAME],
                "get": _operation("Annotations that hold at a time.", Notes, asks=SaidAsked),
                "post": _operation("Say something of nodes or edges.", Note, takes=Said, status="201"),
                "delete": _operation("Let what is said of a target end.", Notes, asks=EndAsked, writes=True),
            },
        },
    }


def _operation(
    summary: str,
    answer: type[Struct],
    *,
    takes: type[Struct] | None = None,
    asks: type[Struct] | None = None,
    status: str = "200",
    writes: bool = False,
) -> dict[str, Any]:
    """Describe an operation. Those with a body write."""
    responses = {status: {"description": "Done.", "content": _content(answer.__name__)}}
    responses |= {code: {"description": about, "content": _content("Error")} for code, about in _ERRORS.items()}
    described: dict[str, Any] = {"summary": summary, "responses": responses}
    if takes:
        described["requestBody"] = {"required": True, "content": _content(takes.__name__)}
    if asks:
        described["parameters"] = _parameters(asks)
    if takes or writes:
        described["security"] = _WRITING
    return described


def _question(one: AnyQuestion) -> dict[str, Any]:
    """Describe a question."""
    needed = required(one)
    described = [
        {
            "name": name,
            "in": "query",
            "required": name in needed,
            **({"description": schema["description"]} if "description" in schema else {}),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }
        for name, schema in parameters(one, LIMITS).items()
    ]
    return {**_operation(one.about, one.gives), "operationId": one.name, "parameters": described}


def _content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": PLACE.format(name=name)}}}


def _parameters(asks: type[Struct]) -> list[dict[str, Any]]:
    """Describe the fields of a record as parameters of the query."""
    info = type_info(asks)
    assert isinstance(info, StructType)
    schema = msgspec.json.schema(asks)["$defs"][asks.__name__]["properties"]
    return [
        {"name": one.encode_name, "in": "query", "required": one.required, "schema": schema[one.encode_name]}
        for one in info.fields
    ]
