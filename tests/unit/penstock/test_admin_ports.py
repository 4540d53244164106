"""Admin ports stay the same from start to start; what is busy is passed over, what is demanded is had or refused."""

from __future__ import annotations

import socket
import sys
import tempfile
from pathlib import Path

import pytest

from penstock.launcher.home import Home, LaunchError, Ports
from penstock.launcher.ports.admin import AdminPorts
from servers.ports import free_port

NAMES = ("controller", "scheduler", "router", "monitor", "inference-logger", "router-2")


@pytest.fixture
def ports() -> list[int]:
    """Ports of this test's own in the place of 9101 and the others, which the machine may use."""
    return [free_port() for _ in range(20)]


def taking(folder: Path, ports: list[int]) -> AdminPorts:
    home = Home(folder, Ports())
    home.create()
    return AdminPorts(home, defaults=dict(zip(NAMES[:5], ports, strict=False)), further=ports[5:])


def test_they_are_the_same_at_every_start(tmp_path: Path, ports: list[int]) -> None:
    with taking(tmp_path, ports) as first:
        before = first.reserve(NAMES, {})
    with taking(tmp_path, ports) as second:
        after = second.reserve(NAMES, {})

    assert before == after == dict(zip(NAMES, ports, strict=False))


def test_a_busy_one_is_passed_over_and_the_other_is_kept(tmp_path: Path, ports: list[int]) -> None:
    with socket.create_server(("127.0.0.1", ports[2])), taking(tmp_path, ports) as run:
        taken = run.reserve(NAMES, {})
    assert taken["router"] == ports[5]

    with taking(tmp_path, ports) as again:
        assert again.reserve(NAMES, {}) == taken


def test_platforms_that_start_at_once_have_different_ones(tmp_path: Path, ports: list[int]) -> None:
    with taking(tmp_path / "one", ports) as one, taking(tmp_path / "two", ports) as two:
        first, second = one.reserve(NAMES, {}), two.reserve(NAMES, {})

    assert set(first.values()).isdisjoint(second.values())


@pytest.mark.skipif(sys.platform != "linux", reason="abstract names are Linux'")
def test_platforms_of_other_users_and_containers_have_different_ones(
    tmp_path: Path, ports: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with taking(tmp_path / "one", ports) as one:
        first = one.reserve(NAMES, {})
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with taking(tmp_path / "two", ports) as two:
            second = two.reserve(NAMES, {})

    assert set(first.values()).isdisjoint(second.values())


def test_the_environment_wins(tmp_path: Path, ports: list[int]) -> None:
    with taking(tmp_path, ports) as run:
        assert run.reserve(NAMES, {"ROUTER_ADMIN_PORT": str(ports[9])})["router"] == ports[9]

    with socket.create_server(("127.0.0.1", ports[9])), taking(tmp_path, ports) as run:
        with pytest.raises(LaunchError, match=rf"port {ports[9]} .*router.*ROUTER_ADMIN_PORT"):
            run.reserve(NAMES, {"ROUTER_ADMIN_PORT": str(ports[9])})
        with pytest.raises(LaunchError, match="MONITOR_ADMIN_PORT must be a port number"):
            run.reserve(NAMES, {"MONITOR_ADMIN_PORT": "http"})
