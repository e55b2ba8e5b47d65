"""A receiver in another language, with its own library, takes what we send and refuses the rest."""

import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from portal.messaging.signing import secret_of, signed_headers
from portal.models import WebhookEndpoint
from scheduling import clock
from tests.npm import install

SCRIPT = Path(__file__).parents[2] / "node" / "verify.js"
PACKAGE = "standardwebhooks@1.1.1"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Node with its package of the same standard. Nothing of ours needs Node: without it this is skipped."""
    folder = tmp_path_factory.mktemp("node")
    install(folder, PACKAGE)
    shutil.copy(SCRIPT, folder)
    return folder


def test_nodes_library_takes_ours_and_refuses_changed_late_early_and_foreign_ones(node):
    endpoint, another = WebhookEndpoint(), WebhookEndpoint()
    body = json.dumps(
        {"type": "booking.confirmed", "data": {"order_number": "10482 – ä €"}}, ensure_ascii=False
    )
    now, secret = clock.wall(), secret_of(endpoint)

    def headers(secrets, late=timedelta(0)):
        return signed_headers(secrets=secrets, message_id="1f", body=body, at=now - late)

    good = headers([secret])
    messages = [
        {"body": body, "headers": good},
        {"body": body, "headers": headers([secret_of(another), secret])},
        {"body": body.replace("10482", "10483"), "headers": good},
        {"body": body, "headers": good | {"webhook-id": "20"}},
        {"body": body, "headers": headers([secret], timedelta(minutes=6))},
        {"body": body, "headers": headers([secret], -timedelta(minutes=6))},
        {"body": body, "headers": headers([secret_of(another)])},
        {"body": body, "headers": {}},
    ]
    asked = json.dumps({"secret": secret, "messages": messages})
    said = subprocess.run(
        ["node", "verify.js"], cwd=node, input=asked, capture_output=True, text=True, timeout=60, check=True
    )

    assert json.loads(said.stdout) == [
        "booking.confirmed",
        "booking.confirmed",
        "refused: No matching signature found",
        "refused: No matching signature found",
        "refused: Message timestamp too old",
        "refused: Message timestamp too new",
        "refused: No matching signature found",
        "refused: Missing required headers",
    ]
