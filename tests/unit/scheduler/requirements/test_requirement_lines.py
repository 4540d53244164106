"""Lines of requirements files, as pip reads them."""

from __future__ import annotations

import codecs

import pytest

from scheduler.domain.requirements.encoding import decode_text
from scheduler.domain.requirements.lines import (
    PackageRequirement,
    RequirementOption,
    UnreadableRequirements,
    logical_lines,
    read_line,
)


def test_lines_without_comments_and_continuations() -> None:
    text = "# made by mlflow\r\nmlflow==3.17.2\n\nnumpy==2.3.5  # pinned\nscipy \\\n  >=1\n"
    assert logical_lines(text) == ("mlflow==3.17.2", "numpy==2.3.5", "scipy    >=1")


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("-r more.txt", "--requirement", "more.txt"),
        ("-rmore.txt", "--requirement", "more.txt"),
        ("--requirement=more.txt", "--requirement", "more.txt"),
        ("-c  limits.txt", "--constraint", "limits.txt"),
        ("-climits.txt", "--constraint", "limits.txt"),
        ("--constraint limits.txt", "--constraint", "limits.txt"),
        ("-f ./wheels", "--find-links", "./wheels"),
        ("--find-links=wheels", "--find-links", "wheels"),
        ("-i https://h/simple", "--index-url", "https://h/simple"),
        ('--extra-index-url "https://h/simple"', "--extra-index-url", "https://h/simple"),
        ("--pre", "--pre", ""),
        ("--only-binary :all:", "--only-binary", ":all:"),
        ("--require-hashes", "--require-hashes", ""),
    ],
)
def test_options_in_all_their_spellings(line: str, name: str, value: str) -> None:
    assert read_line(line) == RequirementOption(name, value)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("code/x-1-py3-none-any.whl", "code/x-1-py3-none-any.whl"),
        ("x-1-py3-none-any.whl", "x-1-py3-none-any.whl"),
        ("./code/x.whl ; python_version > '3'", "./code/x.whl"),
        ("code/x.whl  # ours", "code/x.whl"),
        ("file:code/x.whl", "file:code/x.whl"),
        ("code/pkg", "code/pkg"),
        ("-e code/pkg", "code/pkg"),
        ("--editable=./code/pkg[extra]", "./code/pkg"),
        ("-e .", "."),
        ("/home/me/tools", "/home/me/tools"),
        ("git+https://h/o/r.git@v1#egg=r", "git+https://h/o/r.git@v1#egg=r"),
        ("-e git+https://h/o/r.git#egg=r", "git+https://h/o/r.git#egg=r"),
        ("name @ file:code/x.whl", "file:code/x.whl"),
        ("name[a] @ https://h/x.whl", "https://h/x.whl"),
    ],
)
def test_packages_by_their_place(line: str, place: str) -> None:
    (found,) = (read_line(each) for each in logical_lines(line))
    assert isinstance(found, PackageRequirement)
    assert found.place == place


def test_names_extras_markers_and_hashes() -> None:
    found = read_line("Scikit_Learn[all]>=1.7 ; python_version>'3' --hash=sha256:aa --hash sha256:bb")
    assert isinstance(found, PackageRequirement)
    assert (found.name, found.specifier, found.extras) == ("scikit-learn", ">=1.7", ("all",))
    assert found.hashes == ("sha256:aa", "sha256:bb")
    assert found.text.endswith("python_version>'3' --hash=sha256:aa --hash=sha256:bb")


@pytest.mark.parametrize("line", ["--target /etc", "-x", "-r", "numpy==", "a b", "--index-url"])
def test_what_is_no_requirement_is_named(line: str) -> None:
    with pytest.raises(UnreadableRequirements) as refused:
        read_line(line)
    assert f"`{line}`" in refused.value.message


@pytest.mark.parametrize(
    "content",
    [
        "numpy  # grün".encode(),
        codecs.BOM_UTF8 + "numpy  # grün".encode(),
        "numpy  # grün".encode("utf-16"),
        "numpy  # grün".encode("utf-16-le"),
        "# -*- coding: latin-1 -*-\nnumpy  # grün".encode("latin-1"),
        "numpy  # grün".encode("latin-1"),
        "# coding: cp1252\nnumpy  # grün".encode("cp1252"),
    ],
)
def test_any_encoding(content: bytes) -> None:
    assert logical_lines(decode_text(content, "requirements.txt")) == ("numpy",)


@pytest.mark.parametrize("content", [b"# coding: no-such\nnumpy", b"a\0b\0\0\0", codecs.BOM_UTF16_LE + b"\x00"])
def test_what_is_no_text_is_named(content: bytes) -> None:
    with pytest.raises(UnreadableRequirements, match=r"requirements\.txt"):
        decode_text(content, "requirements.txt")
