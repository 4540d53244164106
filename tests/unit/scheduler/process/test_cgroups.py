"""Where control groups may be made, on trees of files as both versions have them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler.backends.process.cgroups import (
    SERVICES,
    ControlGroups,
    ControlGroupsUnavailable,
    exceeded_memory_limit,
    find_control_groups,
)
from shared.contracts.deployment import Resources

TWO = Resources(spec="2C4G", cpu=1.5, memory_gb=4)


def tree(root: Path, own: str, **files: str) -> tuple[Path, Path]:
    """The folder of all groups and the file that names our own; `a__b` is the file `a/b`."""
    for name, content in files.items():
        path = root / "groups" / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / "own").write_text(own)
    return root / "groups", root / "own"


def test_version_2_in_a_container(tmp_path: Path) -> None:
    groups, own = tree(tmp_path, "0::/", cgroup_controllers="cpuset cpu io memory pids")
    found = find_control_groups(tmp_path, groups, own)
    (folder,) = found.folders.values()
    assert folder.parent == groups
    assert (groups / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert (folder / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    (joined,) = found.make("wine-v1-abcde.0", TWO)
    group = folder / "wine-v1-abcde.0"
    assert joined == str(group / "cgroup.procs")
    assert (group / "memory.max").read_text() == str(4 << 30)
    assert (group / "cpu.max").read_text() == "150000 100000"
    assert exceeded_memory_limit([joined]) is None
    (group / "memory.events").write_text("low 0\nmax 3\noom 1\noom_kill 1\n")
    assert exceeded_memory_limit([joined]) == "4 GiB"


def test_version_2_of_a_service_that_was_delegated_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups, own = tree(tmp_path, "0::/system/penstock", cgroup_controllers="cpu memory")
    there = groups / "system/penstock"
    there.mkdir(parents=True)
    (there / "cgroup.controllers").write_text("cpu memory")
    with pytest.raises(ControlGroupsUnavailable, match="not delegated"):
        find_control_groups(tmp_path, groups, own)
    monkeypatch.setattr(os, "getxattr", lambda path, name: b"1" if (path, name) == (there, "user.delegate") else b"0")
    assert find_control_groups(tmp_path, groups, own).folders[""].parent == there
    own.write_text(f"0::/system/penstock/{SERVICES}")
    assert find_control_groups(tmp_path, groups, own).folders[""].parent == there


def test_without_the_controllers_nothing_can_be_limited(tmp_path: Path) -> None:
    groups, own = tree(tmp_path, "0::/", cgroup_controllers="cpuset cpu io")
    with pytest.raises(ControlGroupsUnavailable, match="no controller memory"):
        find_control_groups(tmp_path, groups, own)


def test_version_1(tmp_path: Path) -> None:
    groups, own = tree(tmp_path, "4:memory:/of-the-host\n1:cpu,cpuacct:/ours\n0::/")
    for folder in ("memory", "cpu/ours"):
        (groups / folder).mkdir(parents=True)
    found = find_control_groups(tmp_path, groups, own)
    assert {name: folder.parent for name, folder in found.folders.items()} == {
        "memory": groups / "memory",
        "cpu": groups / "cpu/ours",
    }
    found.make("run", TWO)
    assert (found.folders["cpu"] / "run/cpu.cfs_quota_us").read_text() == "150000"
    assert (found.folders["memory"] / "run/memory.limit_in_bytes").read_text() == str(4 << 30)
    assert not (found.folders["memory"] / "run/cpu.cfs_quota_us").exists()


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    groups, own = tree(tmp_path, "0::/")
    with pytest.raises(ControlGroupsUnavailable, match="No such file"):
        find_control_groups(tmp_path, groups, own)


def test_two_homes_have_groups_of_their_own(tmp_path: Path) -> None:
    groups, own = tree(tmp_path, "0::/", cgroup_controllers="cpu memory")
    one, other = (find_control_groups(tmp_path / name, groups, own) for name in ("one", "other"))
    assert one.folders != other.folders
    (one.folders[""] / "old.0").mkdir()
    ControlGroups(one.folders).remove_stale({"old.0"})
    assert (one.folders[""] / "old.0").is_dir()
    one.remove_stale(())
    assert not (one.folders[""] / "old.0").is_dir()
