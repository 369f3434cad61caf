"""Whose credentials a session of the portal's own has, for what it does as a stack's engine would."""

from datetime import UTC, datetime, timedelta

import boto3
import botocore.session
from botocore import UNSIGNED

from portal.service.stack_credentials import session_arguments

ROLE = "arn:aws:iam::111111111111:role/deploy"


def test_keys_and_profiles_are_arguments_of_a_session():
    keys = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": "T", "HOME": "/"}
    assert session_arguments(keys, "eu-west-1") == {
        "aws_access_key_id": "A",
        "aws_secret_access_key": "S",
        "aws_session_token": "T",
    }
    assert session_arguments({"AWS_PROFILE": "dev", "AWS_ROLE_ARN": ROLE}, "eu-west-1") == {"profile_name": "dev"}
    assert session_arguments({"AWS_ROLE_ARN": ROLE}, "eu-west-1") == {}, "a role alone is nobody's credentials"


def test_a_role_by_a_web_identity_is_the_stack_s_and_not_the_process_s(tmp_path, monkeypatch):
    asked = []

    class Sts:
        def assume_role_with_web_identity(self, **wanted):
            asked.append(wanted)
            expires = datetime.now(UTC) + timedelta(hours=1)
            return {"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T",
                                    "Expiration": expires}}  # fmt: skip

    def create_client(self, service, region_name=None, config=None, **_):
        assert (service, region_name, config.signature_version) == ("sts", "eu-west-1", UNSIGNED)
        return Sts()

    monkeypatch.setattr(botocore.session.Session, "create_client", create_client)
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::111111111111:role/the-portal-itself")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the portal's own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the portal's own")
    file = tmp_path / "token"
    file.write_text("a.web.identity")
    given = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(file), "AWS_ROLE_SESSION_NAME": "portal"}
    session = boto3.Session(**session_arguments(given, "eu-west-1"), region_name="eu-west-1")
    assert session.get_credentials().get_frozen_credentials().access_key == "A"
    assert asked == [{"RoleArn": ROLE, "RoleSessionName": "portal", "WebIdentityToken": "a.web.identity"}]
