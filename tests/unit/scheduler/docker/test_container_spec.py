"""What is asked of an engine for a pod."""

from __future__ import annotations

from typing import Any

import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.docker.container_spec import ContainerSpec, Mount, device_request, run_labels
from scheduler.backends.docker.options import DockerOptions
from scheduler.backends.docker.runs.start import requested_gpus
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.domain.gpus import Gpu
from shared.contracts.deployment import Resources


def spec(**changes: Any) -> ContainerSpec:
    whole: dict[str, Any] = {
        "name": "penstock-abc-wine-v1-x-0",
        "image": "sha256:1",
        "labels": {"penstock.pod": "wine-v1-x"},
        "environment": {"B": "2", "A": "1=1"},
        "resources": Resources(spec="1C2G", cpu=0.5, memory_gb=2),
        "network": "penstock-abc",
        "port": 8080,
        "hostname": "wine-v1-x",
        **changes,
    }
    return ContainerSpec(**whole)


def test_a_pod_may_do_nothing_but_what_it_is_for() -> None:
    host = spec(mounts=(Mount("/there/m", "/here/m"),)).body()["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert (host["Privileged"], host["ReadonlyRootfs"], host["Init"]) == (False, True, True)
    assert host["RestartPolicy"] == {"Name": "no"}
    assert host["Mounts"] == [{"Type": "bind", "Source": "/there/m", "Target": "/here/m", "ReadOnly": True}]
    assert set(host["Tmpfs"]) == {"/tmp"}
    assert "Binds" not in host


def test_it_is_kept_to_its_memory_cores_and_processes() -> None:
    host = spec().body()["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (2 << 30, 2 << 30)
    assert (host["NanoCpus"], host["PidsLimit"]) == (500_000_000, 4096)
    assert host["LogConfig"]["Config"] == {"max-size": "16m", "max-file": "2"}


def test_it_is_published_to_this_machine_alone_or_not_at_all() -> None:
    assert spec().body()["HostConfig"]["PortBindings"] == {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}
    assert "PortBindings" not in spec(is_published=False).body()["HostConfig"]


def test_an_image_s_own_command_and_user_are_left_alone() -> None:
    body = spec(is_root_read_only=False).body()
    assert not {"Entrypoint", "Cmd", "User", "WorkingDir"} & set(body)
    assert "Tmpfs" not in body["HostConfig"]
    ours = spec(entrypoint=["python"], command=[], user="10001:10001").body()
    assert (ours["Entrypoint"], ours["Cmd"], ours["User"]) == (["python"], [], "10001:10001")


def test_variables_are_in_order_and_a_long_name_is_a_short_host() -> None:
    body = spec(hostname="a" * 62 + "-b").body()
    assert body["Env"] == ["A=1=1", "B=2"]
    assert body["Hostname"] == "a" * 62


@pytest.mark.parametrize(
    ("way", "request_"),
    [
        ("nvidia", {"Driver": "nvidia", "DeviceIDs": ["0", "3"], "Capabilities": [["gpu"]]}),
        ("cdi", {"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=0", "nvidia.com/gpu=3"]}),
    ],
)
def test_gpus_are_named_by_either_way(way: Any, request_: dict[str, Any]) -> None:
    assert device_request(["0", "3"], way) == request_
    assert spec(gpus=["0", "3"], gpu_request=way).body()["HostConfig"]["DeviceRequests"] == [request_]
    assert "DeviceRequests" not in spec().body()["HostConfig"]


def test_a_cdi_name_of_another_vendor_is_taken_as_it_is() -> None:
    assert device_request(["amd.com/gpu=1"], "cdi")["DeviceIDs"] == ["amd.com/gpu=1"]


@pytest.mark.parametrize(
    ("way", "given", "asked"),
    [
        ("nvidia", ("GPU-b",), ("GPU-b",)),
        ("cdi", ("GPU-b", "MIG-c"), ("1", "2:0")),
        ("cdi", ("3",), ("3",)),
        ("cdi", (), ()),
    ],
)
def test_an_engine_is_asked_for_the_pod_s_own_devices(way: Any, given: tuple[str, ...], asked: tuple[str, ...]) -> None:
    options = DockerOptions(gpus=(Gpu("GPU-a", "0"), Gpu("GPU-b", "1"), Gpu("MIG-c", "2:0")), gpu_request=way)
    record = PodRecord(name="p", deployment=wanted(), template="t", created_at=0.0, gpus=given)
    assert requested_gpus(record, options) == asked


def test_a_run_s_container_is_known_by_its_labels() -> None:
    labels = run_labels("i", service="wine", version="v1", version_id="7", pod="p", run=3, spec_hash="h")
    assert labels == {
        "penstock.installation": "i",
        "penstock.service": "wine",
        "penstock.version": "v1",
        "penstock.version-id": "7",
        "penstock.pod": "p",
        "penstock.run": "3",
        "penstock.spec-hash": "h",
    }
