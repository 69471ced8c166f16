"""What is sent as Authorization, and that it is told to nobody else."""

import asyncio

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from exporter.errors import Unauthorised
from exporter.runtime.credentials import AppKey, Installation, TokenFile, TokenVariable
from tests.double import App


def header(credential) -> str:
    return asyncio.run(credential.header())


def refused(credential) -> str:
    with pytest.raises(Unauthorised) as raised:
        header(credential)
    assert "secret" not in str(raised.value)
    return str(raised.value)


def test_a_token_file_is_read_again_each_time(tmp_path):
    file = tmp_path / "token"
    made = TokenFile(str(file))
    for token in ("ghp_one", "ghp_two"):
        file.write_text(f"  {token}\n")
        assert header(made) == f"Bearer {token}"
    assert not made.rejected()


def test_a_token_file_that_holds_no_token_is_named_and_not_quoted(tmp_path):
    file = tmp_path / "token"
    made = TokenFile(str(file))
    assert "cannot be read (FileNotFoundError)" in refused(made)
    for content, says in (
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"secret one\n", "holds more than a token"),
        (b"secret\nsecret\n", "holds more than a token"),
        (b"secret\x00", "holds more than a token"),
        ("secret–dash".encode(), "holds more than a token"),
        (b"\xff\xfesecret", "cannot be read (UnicodeDecodeError)"),
    ):
        file.write_bytes(content)
        said = refused(made)
        assert str(file) in said
        assert says in said


def test_a_token_variable_is_read_and_named_when_it_is_empty():
    made = TokenVariable("GITHUB_TOKEN", {"GITHUB_TOKEN": " ghp_one "})
    assert header(made) == "Bearer ghp_one"
    assert not made.rejected()
    assert refused(TokenVariable("GITHUB_TOKEN", {})) == "the environment variable GITHUB_TOKEN is empty"


def test_an_app_signs_for_ten_minutes_by_the_servers_clock(tmp_path):
    """Issued a minute ago, so that clocks may differ by that; ten minutes in all are the most GitHub takes."""
    app, file = App(7), tmp_path / "key.pem"
    file.write_text(app.pem)
    token = header(AppKey("7", str(file), lambda: 1_000_000.5)).removeprefix("Bearer ")
    claims = jwt.decode(
        token, app.key.public_key(), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
    )
    assert claims == {"iat": 999_940, "exp": 1_000_540, "iss": "7"}


def test_an_apps_key_file_is_read_again_each_time(tmp_path):
    file = tmp_path / "key.pem"
    made = AppKey("7", str(file), lambda: 1_000_000)
    for app in (App(7), App(7)):
        file.write_text(app.pem)
        token = header(made).removeprefix("Bearer ")
        jwt.decode(
            token, app.key.public_key(), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
        )


def test_a_rejected_signature_is_repeated_only_when_the_servers_time_was_news(tmp_path):
    file, now = tmp_path / "key.pem", [1_000_000.0]
    file.write_text(App(7).pem)
    made = AppKey("7", str(file), lambda: now[0])
    header(made)
    now[0] += 20
    assert not made.rejected()
    now[0] += 3600
    assert made.rejected()


def test_a_key_file_without_a_private_rsa_key_is_named_and_not_quoted(tmp_path):
    file = tmp_path / "key.pem"
    made = AppKey("7", str(file), lambda: 1_000_000)
    assert "cannot be read" in refused(made)
    elliptic = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = App(7).key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for content in ("", "secret", App(7).pem[:300], elliptic.decode(), public.decode()):
        file.write_text(content)
        assert "holds no usable private key" in refused(made)


def test_an_installations_token_is_renewed_five_minutes_before_it_ends():
    now, given = [0], []

    async def ask():
        given.append(now[0])
        return f"ghs_{len(given)}", now[0] + 3600

    made = Installation(ask, lambda: now[0])
    seen = []
    for now[0] in (0, 1, 3299, 3300, 3301):
        seen.append(header(made))
    assert seen == ["Bearer ghs_1"] * 3 + ["Bearer ghs_2"] * 2
    assert given == [0, 3300]


def test_an_installations_rejected_token_is_replaced_at_once():
    given = []

    async def ask():
        given.append(1)
        return f"ghs_{len(given)}", 3600

    made = Installation(ask, lambda: 0)
    header(made)
    assert made.rejected()
    assert header(made) == "Bearer ghs_2"
