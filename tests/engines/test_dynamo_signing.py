"""Signatures are those that botocore makes of the same request at the same moment."""

from datetime import UTC, datetime

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as TheirCredentials

from gatherlog.engines.dynamodb.signing import Credentials, signed_head

NOW = datetime(2026, 11, 30, 12, 34, 56, tzinfo=UTC)


@pytest.mark.parametrize("token", [None, "a/session+token=="])
@pytest.mark.parametrize("body", [b"{}", '{"TableName":"fête"}'.encode()])
def test_a_request_is_signed_as_botocore_signs_it(
    token: str | None, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW.replace(tzinfo=None))
    head = signed_head(
        Credentials("AKIDEXAMPLE", "secret/key+", token),
        host="dynamodb.eu-central-1.amazonaws.com",
        region="eu-central-1",
        operation="GetItem",
        body=body,
        now=NOW.timestamp(),
    ).decode()
    ours = dict(line.split(": ", 1) for line in head.split("\r\n")[1:-2])

    request = AWSRequest(
        "POST",
        "https://dynamodb.eu-central-1.amazonaws.com/",
        {"Content-Type": ours["content-type"], "X-Amz-Target": ours["x-amz-target"]},
        body,
    )
    theirs = TheirCredentials("AKIDEXAMPLE", "secret/key+", token)
    botocore.auth.SigV4Auth(theirs, "dynamodb", "eu-central-1").add_auth(request)

    assert request.headers["X-Amz-Date"] == ours["x-amz-date"]
    assert request.headers["Authorization"] == ours["authorization"]
    assert ours["content-length"] == str(len(body))
