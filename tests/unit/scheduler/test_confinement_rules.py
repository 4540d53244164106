"""Which paths and users confined processes are given."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from scheduler.backends.confinement.availability import describe
from scheduler.backends.confinement.paths import excluding, gpu_devices_of, python_paths
from scheduler.backends.confinement.rules import ConfinementMethod, RuleBook
from scheduler.backends.confinement.users import UserRange
from scheduler.backends.pod_api.tokens import PodTokens
from scheduler.settings import SchedulerSettings, user_range
from shared.errors import LimitExceeded

USERS = range(56000, 56010)


def test_a_home_that_lies_in_a_readable_folder_is_left_out_of_it(tmp_path: Path) -> None:
    for name in ("lib", "var/penstock/pods", "var/cache"):
        (tmp_path / name).mkdir(parents=True)
    found = excluding(tmp_path, tmp_path / "var" / "penstock")
    assert found == [str(tmp_path / "lib"), str(tmp_path / "var" / "cache")]
    assert excluding(tmp_path / "lib", tmp_path / "var") == [str(tmp_path / "lib")]
    assert excluding(tmp_path, tmp_path) == []


def test_a_pod_reads_what_its_command_names_and_writes_to_its_own_folder(tmp_path: Path) -> None:
    book = RuleBook(ConfinementMethod(6), tmp_path / "home", ("/data/lookup",))
    model, work = str(tmp_path / "home" / "models" / "digest"), tmp_path / "home" / "pods" / "a" / "work"
    rules = book.for_pod([sys.executable, "-m", "penstock_runtime", "--model-path", model], work, None)
    assert {model, "/data/lookup", "/usr", sys.prefix} <= set(rules["read"])
    assert "DATA" not in rules["limits"]
    assert book.for_pod([sys.executable], work, None, 2.0)["limits"]["DATA"] == 12 << 30
    assert rules["write"] == [str(work), "/dev/shm"]
    assert not [path for path in rules["read"] if Path(path) in (tmp_path / "home").parents or path == "/etc"]


NODES = ["/dev/dri", "/dev/nvidia-uvm", "/dev/nvidia0", "/dev/nvidia1", "/dev/nvidia10", "/dev/nvidiactl"]


@pytest.mark.parametrize(
    ("there", "minors", "files"),
    [
        (NODES, {1}, ["/dev/dri", "/dev/nvidia-uvm", "/dev/nvidia1", "/dev/nvidiactl"]),
        (NODES, set(), []),
        (NODES, None, NODES),
        (["/dev/kfd"], set(), ["/dev/kfd"]),
        ([], set(), []),
    ],
)
def test_a_pod_has_the_files_of_its_own_gpus(
    there: list[str], minors: set[int] | None, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.backends.confinement.paths.gpu_devices", lambda: there)
    assert gpu_devices_of(minors) == files


def test_what_a_gpu_needs_is_open_to_pods_that_have_one(tmp_path: Path) -> None:
    book = RuleBook(ConfinementMethod(6), tmp_path / "home")
    with_one, without = (
        book.for_pod([sys.executable], tmp_path, None, gpu_files=files) for files in (["/dev/null"], [])
    )
    assert (with_one["refuses_sockets"], "/proc" in with_one["read"]) == (False, True)
    assert (without["refuses_sockets"], "/proc" in without["read"]) == (True, False)
    assert set(with_one["devices"]) - set(without["devices"]) <= {"/dev/null"}


def test_a_program_that_is_no_python_opens_no_folder_of_its_own(tmp_path: Path) -> None:
    assert python_paths(Path("/bin/sleep"), tmp_path) in ([], ["/usr"])
    (tmp_path / "bin").mkdir()
    assert python_paths(tmp_path / "bin" / "python", Path("/nowhere")) == []


def test_each_pod_has_a_user_of_its_own_until_it_is_gone(tmp_path: Path) -> None:
    owners: dict[Path, int] = {}

    def of_a_platform() -> UserRange:
        return UserRange(range(56000, 56003), tmp_path / "registry", lambda path, user, _: owners.update({path: user}))

    users, others = of_a_platform(), of_a_platform()
    a, b, c, d = pods = [tmp_path / name for name in "abcd"]
    for pod in pods:
        pod.mkdir()
    assert [users.assign(a, a), others.assign(b, b), users.assign(c, c)] == [56000, 56001, 56002]
    assert others.assign(b, b) == 56001
    assert owners == {a: 56000, b: 56001, c: 56002}
    with pytest.raises(LimitExceeded, match="all 3 users"):
        users.assign(d, d)
    b.rmdir()
    assert users.assign(d, d) == 56001
    with pytest.raises(LimitExceeded):
        others.assign(b, b)


@pytest.mark.parametrize("text", ["0-10", "999-2000", "56000", "b-c", "2000-1000", "-5"])
def test_a_range_of_users_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match=r"confinement_users: .* is no range"):
        SchedulerSettings(confinement_users=text)
    assert user_range(" ") == range(0)
    assert user_range("56000-56001") == range(56000, 56002)


def test_a_readable_path_is_absolute() -> None:
    with pytest.raises(ValidationError, match="data is no absolute path"):
        SchedulerSettings(confinement_readable="/opt/tools:data")


@pytest.mark.parametrize(
    ("ways", "says", "lacks"),
    [
        (ConfinementMethod(7), "Landlock (ABI 7)", ["modes and times of files", "network"]),
        (ConfinementMethod(4), "Landlock (ABI 4)", ["ioctl", "signals", "modes and times"]),
        (ConfinementMethod(2), "Landlock (ABI 2)", ["truncating"]),
        (
            ConfinementMethod(5, has_users=True),
            "Landlock (ABI 5) and a user of their own (56000-56009)",
            ["the network"],
        ),
        (ConfinementMethod(0, has_users=True), "by a user of their own", ["files that every user may read"]),
    ],
)
def test_what_is_done_and_what_is_lacking_is_said(ways: ConfinementMethod, says: str, lacks: list[str]) -> None:
    said = describe(ways, USERS)
    assert says in said
    assert all(each in said.partition("not covered: ")[2] for each in lacks)
    assert ("signals" in said) is (0 < ways.abi < 6 and not ways.has_users)


def test_a_token_outlives_its_scheduler_and_is_each_pod_s_own(tmp_path: Path) -> None:
    first = PodTokens(tmp_path / "pods")
    assert PodTokens(tmp_path / "pods").of("a") == first.of("a") != first.of("b")
    key = tmp_path / "pods" / ".token-key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.write_bytes(b"cut")
    assert PodTokens(tmp_path / "pods").of("a") != first.of("a")
