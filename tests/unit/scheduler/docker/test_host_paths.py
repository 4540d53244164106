"""Paths of a scheduler in a container, as the engine's machine knows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.backends.docker.site.host_paths import SAME, host_paths_of
from scheduler.backends.errors import PreparationFailed

INSPECTED = {
    "Id": "c0ffee",
    "Mounts": [
        {
            "Type": "volume",
            "Name": "penstock_scheduler",
            "Source": "/var/lib/docker/volumes/penstock_scheduler/_data",
            "Destination": "/data",
        },
        {"Type": "bind", "Source": "/srv/models", "Destination": "/data/models"},
        {"Type": "tmpfs", "Source": "", "Destination": "/tmp"},
    ],
}


def test_outside_of_containers_they_are_the_same() -> None:
    assert SAME.of(Path("/home/me/.penstock/models/12")) == "/home/me/.penstock/models/12"


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("/data/envs/12", "/var/lib/docker/volumes/penstock_scheduler/_data/envs/12"),
        ("/data/models/12", "/srv/models/12"),
    ],
)
def test_the_innermost_mount_says_where_a_path_lies(here: str, there: str) -> None:
    paths = host_paths_of(INSPECTED)
    assert (paths.of(Path(here)), paths.container) == (there, "c0ffee")


def test_what_lies_in_the_scheduler_s_own_container_cannot_be_mounted() -> None:
    with pytest.raises(PreparationFailed, match="on no volume of it"):
        host_paths_of(INSPECTED).of(Path("/nowhere/x"))
