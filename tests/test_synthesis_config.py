"""Configuration is merged, typed and decrypted as the CLI does; secrets never come out."""

from __future__ import annotations

import base64
import gzip
import json
import os
from hashlib import pbkdf2_hmac
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import InputError
from stacks.synthesis import synthesise
from stacks.synthesis.configuration import Config, read_config
from stacks.synthesis.project import read_project
from stacks.synthesis.redaction import Redactor

PROJECT = """
name: demo
runtime: python
stackConfigDir: config
config:
  aws:region: us-east-1
  nodes: {type: integer, default: 2}
  zones: {type: array, items: {type: string}, default: [a, b]}
  owner: {type: string}
  token: {type: string, secret: true, default: hunter22}
"""
SECRET = "correct horse/battery"


@pytest.fixture(scope="module")
def key() -> tuple[bytes, str]:
    salt = b"12345678"
    derived = pbkdf2_hmac("sha256", b"open sesame", salt, 1_000_000, 32)
    return derived, f"v1:{base64.b64encode(salt).decode()}:{encrypt(derived, 'pulumi')}"


def encrypt(derived: bytes, text: str) -> str:
    nonce = os.urandom(12)
    data = AESGCM(derived).encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(data).decode()}"


def folder(path: Path, stack: str, project: str = PROJECT, program: str = "") -> Path:
    (path / "config").mkdir()
    (path / "Pulumi.yaml").write_text(project)
    (path / "__main__.py").write_text(program)
    (path / "config" / "Pulumi.dev.yaml").write_text(stack)
    return path


def config(path: Path, stack: str, project: str = PROJECT) -> Config:
    return read_config(read_project(folder(path, stack, project)), "dev")


def refusal(path: Path, stack: str, project: str = PROJECT) -> str:
    with pytest.raises(InputError) as caught:
        config(path, stack, project)
    return str(caught.value)


def test_the_stacks_values_win_over_the_projects(tmp_path: Path) -> None:
    found = config(
        tmp_path,
        "config:\n  demo:owner: ml\n  nodes: '3'\n  environment: {pools: {b: 1, a: true}}\n",
    )
    assert found.values == {
        "aws:region": "us-east-1",
        "demo:nodes": "3",
        "demo:zones": '["a","b"]',
        "demo:owner": "ml",
        "demo:token": "hunter22",
        "demo:environment": '{"pools":{"a":true,"b":1}}',
    }
    assert found.secret_keys == ("demo:token",)


@pytest.mark.parametrize(
    ("stack", "line", "message"),
    [
        ("config:\n  nodes: 3\n", 1, "'demo:owner' is missing"),
        ("config:\n  owner: ml\n  nodes: three\n", 3, "'demo:nodes' must be of type integer"),
        ("config:\n  owner: [a]\n", 2, "'demo:owner' must be of type string"),
        ("config:\n  owner: a\n  zones: [1, {}]\n", 3, "'demo:zones' must be of type array"),
        ("config:\n  owner: a\n  token: [s3cr3t]\n", 3, "'demo:token' must be of type string"),
        ("config: [1]\n", 1, "must be a mapping"),
        ("config:\n  owner: 'x\n", 3, "not valid YAML"),
    ],
)
def test_wrong_configuration_is_refused_with_its_line(
    tmp_path: Path, stack: str, line: int, message: str
) -> None:
    told = refusal(tmp_path, stack)
    assert f"Pulumi.dev.yaml:{line}:" in told
    assert message in told
    assert "s3cr3t" not in told


def test_a_stack_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    place = folder(tmp_path, "config: {owner: ml}")
    with pytest.raises(InputError, match=r"no stack 'devv'.*'dev'.*did you mean 'dev'"):
        synthesise(place, "devv", cache=None)


def test_other_languages_are_told_what_to_do(tmp_path: Path) -> None:
    told = refusal(tmp_path, "", "name: demo\nruntime: nodejs\n")
    assert "Pulumi.yaml:2" in told
    assert "nodejs" in told
    assert "--show-sames" in told


def test_a_folder_without_a_project_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no Pulumi\.yaml"):
        read_project(tmp_path)


def test_a_project_without_a_program_is_told(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\nmain: infra\n")
    with pytest.raises(InputError, match=r"Pulumi\.yaml:3: there is no program"):
        read_project(tmp_path)


def test_secrets_open_with_the_passphrase(
    tmp_path: Path, key: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "open sesame")
    derived, salt = key
    found = config(
        tmp_path,
        f"encryptionsalt: {salt}\nconfig:\n  owner: {{secure: '{encrypt(derived, 'ml')}'}}\n"
        f"  db: {{user: u, password: {{secure: '{encrypt(derived, SECRET)}'}}}}\n",
    )
    assert found.values["demo:owner"] == "ml"
    assert json.loads(found.values["demo:db"]) == {"user": "u", "password": SECRET}
    assert set(found.secret_keys) == {"demo:owner", "demo:db", "demo:token"}
    assert found.notes == ()


def test_a_wrong_passphrase_and_a_damaged_secret_are_told(
    tmp_path: Path, key: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = f"encryptionsalt: {key[1]}\nconfig:\n  owner: {{secure: 'v1:AAAA:BBBB'}}\n"
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "open says me")
    assert "Pulumi.dev.yaml:1: PULUMI_CONFIG_PASSPHRASE is not" in refusal(tmp_path, stack)
    (tmp_path / "passphrase").write_text("open sesame\n")
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    with pytest.raises(InputError, match=r"Pulumi\.dev\.yaml:3: this secret .* damaged"):
        read_config(read_project(tmp_path), "dev")


def test_without_a_passphrase_a_secret_is_a_placeholder_and_that_is_said(
    tmp_path: Path, key: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    found = config(
        tmp_path, f"encryptionsalt: {key[1]}\nconfig: {{owner: {{secure: 'v1:AAAA:BBBB'}}}}\n"
    )
    assert found.notes == (
        "secret 'demo:owner' is a placeholder: PULUMI_CONFIG_PASSPHRASE is not set",
    )


LEAKY = """
import base64, gzip, json, os, pulumi
secret = pulumi.Config().require_secret("password")
plain = pulumi.Config().require("password")

class Thing(pulumi.CustomResource):
    def __init__(self, name, **props):
        super().__init__("aws:demo/thing:Thing", name, props)

script = f"#!/bin/sh\\nexport DB={plain}\\n"
Thing("wrapped", direct=secret, made=secret.apply(lambda s: s.upper()), list=[secret])
Thing("text", script=script, json=json.dumps({"p": plain}), url=f"https://u:{plain}@h",
      base64=base64.b64encode(script.encode()).decode(),
      zipped=base64.b64encode(gzip.compress(script.encode())).decode(),
      nested={"files": [{"content": base64.b64encode(plain.encode()).decode()}]}, **{plain: 1})
Thing(f"named-{plain}", size=1)
pulumi.log.warn(f"password {plain} is weak")
pulumi.export("script", script)
pulumi.export("environment", "key=" + os.environ["AWS_SECRET_ACCESS_KEY"])
"""


def test_no_secret_leaves_the_child_however_it_is_wrapped(
    tmp_path: Path, key: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "open sesame")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "kept/to+itself")
    derived, salt = key
    stack = (
        f"encryptionsalt: {salt}\nconfig: {{password: {{secure: '{encrypt(derived, SECRET)}'}}}}"
    )
    place = folder(tmp_path, stack, "name: demo\nruntime: python\nstackConfigDir: config\n", LEAKY)
    cache = tmp_path / "cache"
    graph = synthesise(place, "dev", cache=cache)
    by_name = {each.name: each for each in graph.resources}
    assert by_name["wrapped"].inputs == {
        "direct": "[secret]",
        "made": "[secret]",
        "list": ["[secret]"],
    }
    text = by_name["text"].inputs
    assert {text[name] for name in ("script", "json", "url", "base64", "zipped")} == {"[secret]"}
    assert text["nested"] == {"files": [{"content": "[secret]"}]}
    assert by_name["named-[secret]"].inputs == {"size": 1}
    assert graph.notes == ("password [secret] is weak",)
    assert graph.outputs == {"script": "[secret]", "environment": "[secret]"}
    assert graph.config["demo:password"] == "[secret]"
    kept = "".join(path.read_text() for path in cache.iterdir())
    for told in (repr(graph), kept):
        assert SECRET not in told
        assert "battery" not in told.lower()


def test_ordinary_words_next_to_a_secret_stay(tmp_path: Path) -> None:
    program = """
import pulumi
mixed = pulumi.Output.secret(["us-east-1", "gp3-volume", "s3cret-word"])
pulumi.export("mixed", mixed)
pulumi.export("region", mixed.apply(lambda m: m[0]))
pulumi.export("plain", ["us-east-1", "gp3-volume"])
"""
    place = folder(tmp_path, "config: {owner: ml}", program=program)
    outputs = synthesise(place, "dev", cache=None).outputs
    assert outputs["mixed"] == outputs["region"] == "[secret]"
    assert outputs["plain"] == ["us-east-1", "gp3-volume"]


def test_a_failing_program_does_not_tell_its_secrets(
    tmp_path: Path, key: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "open sesame")
    derived, salt = key
    stack = (
        f"encryptionsalt: {salt}\nconfig: {{password: {{secure: '{encrypt(derived, SECRET)}'}}}}"
    )
    program = "import pulumi\nraise ValueError(pulumi.Config().require('password'))\n"
    place = folder(
        tmp_path, stack, "name: demo\nruntime: python\nstackConfigDir: config\n", program
    )
    with pytest.raises(InputError, match=r"^__main__\.py:2: ValueError: \[secret\]$"):
        synthesise(place, "dev", cache=None)


def test_short_secrets_do_not_blank_everything() -> None:
    redactor = Redactor(["1"])
    assert redactor.value({"a": "1", "b": "p4d.24xlarge 1"}) == {
        "a": "[secret]",
        "b": "p4d.24xlarge 1",
    }


def test_harmless_encoded_data_stays() -> None:
    data = base64.b64encode(gzip.compress(b"#!/bin/sh\necho hello\n")).decode()
    assert Redactor([SECRET]).value([data, "AAAA", "/", 3, None]) == [data, "AAAA", "/", 3, None]
