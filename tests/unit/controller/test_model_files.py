"""What a model's files say of it, as `GET /models` shows it."""

from __future__ import annotations

import pytest

from controller.domain.registries.model_files import requirements_of


def test_requirements_without_comments_and_credentials() -> None:
    text = (
        b"# ours\n--extra-index-url https://builder:s3cret@host/simple\n\n-f https://h/w?token=s3cret\nnumpy==2.0\n"
        b"git+https://s3cret@h/o/r.git@v1\n"
    )
    assert requirements_of(text) == (
        "--extra-index-url https://****@host/simple",
        "-f https://h/w?token=****",
        "numpy==2.0",
        "git+https://****@h/o/r.git@v1",
    )
    assert requirements_of(None) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_requirements_in_other_encodings(encoding: str) -> None:
    assert requirements_of("numpy==2.0\n".encode(encoding)) == ("numpy==2.0",)
