"""Bringing uv: the right file for the machine, from the configured index, and none whose hash differs."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

_spec = importlib.util.spec_from_file_location("bring", ROOT / "deploy/bring.py")
assert _spec is not None
assert _spec.loader is not None
bring = importlib.util.module_from_spec(_spec)
sys.modules["bring"] = bring
_spec.loader.exec_module(bring)

DEBIAN = bring.Machine("linux", "x86_64", (2, 36), None)
ALPINE = bring.Machine("linux", "x86_64", None, None)
MAC = bring.Machine("darwin", "arm64", None, (14, 1))
OLD = bring.Machine("linux", "x86_64", (2, 12), None)


@pytest.mark.parametrize(
    ("machine", "part"),
    [
        (DEBIAN, "manylinux_2_17_x86_64"),
        (ALPINE, "musllinux_1_1_x86_64"),
        (MAC, "macosx_11_0_arm64"),
        (bring.Machine("linux", "aarch64", (2, 31), None), "aarch64"),
    ],
)
def test_the_pinned_wheel_fits_the_machine(machine: object, part: str) -> None:
    version, filename, sha256 = bring.pinned_uv(ROOT / "uv.lock", machine)

    assert filename.startswith(f"uv-{version}-")
    assert part in filename
    assert len(sha256) == 64


def test_a_machine_without_a_build_is_told() -> None:
    with pytest.raises(bring.Refused, match="no build for linux on x86_64"):
        bring.pinned_uv(ROOT / "uv.lock", OLD)


def test_another_hash_is_refused() -> None:
    with pytest.raises(bring.Refused, match=r"uv\.lock pins"):
        bring.checked(b"not uv", hashlib.sha256(b"uv").hexdigest(), "uv-1.whl")
    assert bring.checked(b"uv", hashlib.sha256(b"uv").hexdigest(), "uv-1.whl") == b"uv"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, "https://pypi.org/simple"),
        ({"PIP_INDEX_URL": "https://pip.example/simple"}, "https://pip.example/simple"),
        ({"UV_DEFAULT_INDEX": "https://uv.example/s?x=1", "PIP_INDEX_URL": "https://pip"}, "https://uv.example/s?x=1"),
        ({"UV_DEFAULT_INDEX": "named=https://uv.example/simple"}, "https://uv.example/simple"),
    ],
)
def test_the_index_comes_from_the_environment(environ: dict[str, str], wanted: str, tmp_path: Path) -> None:
    assert bring.index_url(environ | {"PIP_CONFIG_FILE": "/dev/null"}, tmp_path) == wanted


def test_the_index_comes_from_pip_conf(tmp_path: Path) -> None:
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / ".config/pip/pip.conf").write_text("[global]\nindex-url = https://mirror.example/simple/%%7E\n")

    assert bring.index_url({}, tmp_path) == "https://mirror.example/simple/%%7E"


PAGE_URL = "https://index.example/simple/uv/"
HTML = b'<a href="../../files/uv-1-py3-none-any.whl#sha256=ab">uv</a><a href="https://else/uv-2.whl">uv</a>'
JSON = b'{"files": [{"filename": "uv-1-py3-none-any.whl", "url": "https://files/uv-1-py3-none-any.whl"}]}'


def test_html_and_json_indexes_are_read() -> None:
    name = "uv-1-py3-none-any.whl"
    assert bring.find_file(HTML, "text/html", PAGE_URL, name) == "https://index.example/files/uv-1-py3-none-any.whl"
    json_type = "application/vnd.pypi.simple.v1+json"
    assert bring.find_file(JSON, json_type, PAGE_URL, name) == "https://files/uv-1-py3-none-any.whl"


def test_an_index_without_the_file_is_named_without_its_password() -> None:
    with pytest.raises(bring.Refused, match=r"https://index\.example/simple/uv/ does not offer uv-9") as refused:
        bring.find_file(HTML, "text/html", "https://me:secret@index.example/simple/uv/", "uv-9.whl")
    assert "secret" not in str(refused.value)


def test_the_binary_is_unpacked_executable(tmp_path: Path) -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("uv-1.data/scripts/uv", b"#!/bin/sh\n")

    bring.unpack(wheel.getvalue(), tmp_path / "1/uv")

    assert (tmp_path / "1/uv").stat().st_mode & 0o111


def test_a_changed_lock_changes_the_stamp(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("1")
    (tmp_path / "pyproject.toml").write_text("1")
    before = bring.stamp(tmp_path)

    (tmp_path / "uv.lock").write_text("2")

    assert bring.stamp(tmp_path) != before


def test_an_environment_with_tools_serves_both_commands(tmp_path: Path) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/penstock").touch()
    (tmp_path / ".venv/penstock-stamp").write_text("abc dev")
    assert bring.is_current(tmp_path, "abc", dev=False)
    assert bring.is_current(tmp_path, "abc", dev=True)
    assert not bring.is_current(tmp_path, "other", dev=False)

    (tmp_path / ".venv/penstock-stamp").write_text("abc")
    assert bring.is_current(tmp_path, "abc", dev=False)
    assert not bring.is_current(tmp_path, "abc", dev=True)
