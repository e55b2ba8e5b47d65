"""The API's own pages tell what it is."""

import json

import pytest

from portal.api.v1 import api
from tests.portal.api.conftest import API

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def test_the_reference_shows_every_address_with_its_scope(client):
    page = client.get(API + "/docs").content.decode()

    for path, methods in api.get_openapi_schema(path_prefix=API + "/")["paths"].items():
        for method, said in methods.items():
            assert f"{method.upper()} {path}" in page.replace("&#x27;", "'")
            assert said["x-scope"] in page
    assert "X-Scope" not in page


def test_the_description_is_open_to_all_and_says_what_is_refused(client):
    schema = json.loads(client.get(API + "/openapi.json").content)

    assert schema["openapi"].startswith("3.1")
    for methods in schema["paths"].values():
        for said in methods.values():
            assert {"400", "401", "403", "413", "422", "429", "503"} <= said["responses"].keys()
            assert said["security"]


def test_changes_ask_for_an_idempotency_key(client):
    paths = json.loads(client.get(API + "/openapi.json").content)["paths"]
    changing = {
        f"{method} {path}"
        for path, methods in paths.items()
        for method, said in methods.items()
        if any(each["name"] == "Idempotency-Key" for each in said.get("parameters", []))
    }

    asked = {f"{method} {path}" for path, methods in paths.items() for method in methods if method != "get"}
    assert {each for each in asked if "quotes" not in each} == changing
