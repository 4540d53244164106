"""What the code of a model and of a build reaches: as root, as an ordinary user, and where the kernel has nothing."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from models.toy_packages import toy_wheel
from running_services.scheduler_world import wanted
from scheduler.backends.confinement import landlock, syscall_filter
from scheduler.backends.confinement.availability import KernelSupport, NotConfined, find_confinement
from scheduler.backends.confinement.rules import confined_command
from scheduler.backends.environments.store import EnvironmentPlan, EnvironmentStore
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.process.launch.start import start_run
from scheduler.backends.process.options import PodOptions
from scheduler.domain.requirements.comparison import EnvironmentComparison, EnvironmentPackages
from scheduler.domain.requirements.lines import PackageRequirement
from scheduler.settings import user_range

REPOSITORY = Path(__file__).resolve().parents[4]
SUPPORT = REPOSITORY / "tests" / "support"
ORDINARY = 12345
REFUSED = {"EACCES", "EPERM", "ENOENT"}
SAVE = """
import sys, mlflow, pandas as pd
example = pd.DataFrame({"asked": ["{}"]})
signature = mlflow.models.infer_signature(example, ["text"])
mlflow.pyfunc.save_model(sys.argv[1], python_model=sys.argv[2], signature=signature, pip_requirements=[],
                         code_paths=[sys.argv[3]])
"""
MODEL = """
import json, mlflow
from reach import reach

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [json.dumps(reach(json.loads(each))) for each in model_input["asked"]]

mlflow.models.set_model(Model())
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "reaching"\nbackend-path = ["."]\n'
BACKEND = """
import json, os, pathlib
from reach import reach

def _say(*_, **__):
    asked = json.loads((pathlib.Path(__file__).parent / "asked.json").read_text())
    os.chdir(os.environ["TMPDIR"])
    asked["create"] += [os.path.abspath("../env/bin"), os.path.abspath("..")]
    print("REACHED " + json.dumps(reach(asked)), flush=True)
    raise SystemExit("enough")

build_wheel = prepare_metadata_for_build_wheel = get_requires_for_build_wheel = _say
"""

needs_landlock = pytest.mark.skipif(landlock.abi() < 6, reason=f"this kernel's Landlock is of version {landlock.abi()}")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that tries what it is asked to."""
    folder = tmp_path_factory.mktemp("model")
    script = folder / "model.py"
    script.write_text(MODEL)
    command = [sys.executable, "-c", SAVE, str(folder / "saved"), str(script), str(SUPPORT / "reach.py")]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(SUPPORT)})
    return folder / "saved"


@pytest.fixture
def world(model: Path) -> Iterator[Path]:
    """A home with secrets, where any user may come."""
    folder = Path(tempfile.mkdtemp(prefix="penstock-confined-"))
    folder.chmod(0o755)
    home = folder / "home"
    for name in ("nats", "pods/other/run-0/work", "models"):
        (home / name).mkdir(parents=True)
    for name in ("admin-token", "secret-key", "nats/credentials.json", "pods/other/run-0/work/file"):
        (home / name).write_text("secret")
        (home / name).chmod(0o600)
    home.chmod(0o700)
    shutil.copytree(model, folder / "model")
    source = folder / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "reaching.py").write_text(BACKEND)
    shutil.copy(SUPPORT / "reach.py", source)
    yield folder
    shutil.rmtree(folder)


def asked_of(world: Path, sockets: list[str]) -> dict[str, list[str]]:
    """All that is the platform's."""
    home = world / "home"
    files = ["admin-token", "secret-key", "nats/credentials.json", "pods/other/run-0/work/file", "pods/.token-key"]
    secrets = [str(home / each) for each in files]
    return {
        "read": [*secrets, "/etc/shadow"],
        "write": [*secrets, str(world / "model" / "MLmodel"), sys.executable, "/proc/sys/kernel/core_pattern"],
        "create": [str(home), str(home / "pods"), str(home / "envs"), str(world / "model"), str(world), "/tmp", "/etc"],
        "list": [str(home), str(home / "pods"), str(world), "/tmp", "/proc", "/root"],
        "connect": sockets,
    }


def as_ordinary_user(command: list[str]) -> list[str]:
    """`command` as a user without rights; this Python and the project may lie in folders of root's, which are opened to
    it alone.
    """
    drop = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", "--inh-caps=-all"]
    needed = [Path(sys.base_prefix).resolve(), REPOSITORY]
    closed = {path: [each for each in path.parents if not each.stat().st_mode & 0o001] for path in needed}
    hidden = [path for path in needed if closed[path]]
    if not hidden:
        return [*drop, *command]
    steps = ["mount -t tmpfs none /mnt"]
    steps += [f"mkdir /mnt/{n} && mount --bind {quote(str(path))} /mnt/{n}" for n, path in enumerate(hidden)]
    steps += [f"mount -t tmpfs -o mode=755 none {quote(each)}" for each in {str(closed[path][-1]) for path in hidden}]
    steps += [
        f"mkdir -p {quote(str(path))} && mount --bind /mnt/{n} {quote(str(path))}" for n, path in enumerate(hidden)
    ]
    return [
        "unshare",
        "--mount",
        "sh",
        "-c",
        " && ".join([*steps, "umount -l /mnt", 'exec "$@"']),
        "sh",
        *drop,
        *command,
    ]


def why_no_mounts_of_its_own() -> str:
    """As where the root folder is no mount, such as in a chroot; empty: it can have some."""
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False).stderr.strip()


def found_in(world: Path, *, is_root: bool) -> dict[str, Any]:
    """What pods and builds of a platform of this user reach."""
    with socket.socket(socket.AF_UNIX) as named, socket.socket(socket.AF_UNIX) as abstract:
        named.bind(str(world / "service.sock"))
        abstract.bind(f"\0{world.name}")
        for each in (named, abstract):
            each.listen()
        if not is_root:
            for folder, _, files in os.walk(world):
                for path in (folder, *(os.path.join(folder, name) for name in files)):
                    os.chown(path, ORDINARY, ORDINARY)
        asked = json.dumps(asked_of(world, [str(world / "service.sock"), f"@{world.name}"]))
        command = [sys.executable, str(SUPPORT / "confined_world.py"), str(world), asked]
        environment = {"PATH": os.environ["PATH"], "HOME": str(world), "PYTHONDONTWRITEBYTECODE": "1"}
        ended = subprocess.run(
            command if is_root else as_ordinary_user(command),
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr[-4000:]
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


@needs_landlock
@needs_root
@pytest.mark.timeout(120)
@pytest.mark.parametrize("is_root", [True, False], ids=["root", "an ordinary user"])
def test_neither_a_pod_nor_a_build_nor_a_terminal_reaches_anything_of_the_platform(world: Path, is_root: bool) -> None:
    if not is_root and (refused := why_no_mounts_of_its_own()):
        pytest.skip(f"what only root may reach cannot be hidden from it: {refused}")
    found = found_in(world, is_root=is_root)
    assert found["user"] == (0 if is_root else ORDINARY)
    assert ("a user of their own" in found["says"]) is is_root
    for place in ("executed", "forked", "build", "terminal"):
        strangers = found[place].pop("strangers", None)
        assert strangers == ([401, 401] if place in {"executed", "forked"} else None)
        own = {what: came for what, came in found[place].items() if what.startswith("own ")}
        assert set(own.values()) == {"ok"}, (place, own)
        reached = {what: came for what, came in found[place].items() if what not in own}
        assert len(reached) > 30
        assert {what: came for what, came in reached.items() if came not in REFUSED} == {}, place


def test_a_kernel_that_has_nothing_is_said_and_where_it_is_required_nothing_starts(tmp_path: Path) -> None:
    nothing = KernelSupport(abi=lambda: 0, is_root=lambda: False)
    found = find_confinement("auto", tmp_path, range(0), (), nothing)
    found.check()
    assert found.rules is None
    assert found.description.startswith(
        "not confined: the kernel has no Landlock, or a container's seccomp profile refuses it"
    )
    required = find_confinement("require", tmp_path, range(0), (), nothing)
    with pytest.raises(NotConfined, match="SCHEDULER_CONFINEMENT=require lets nothing start"):
        required.check()


async def test_a_pod_that_has_to_be_confined_and_cannot_be_does_not_start(tmp_path: Path) -> None:
    required = find_confinement("require", tmp_path, range(0), (), KernelSupport(lambda: 0, lambda: False))
    record = PodRecord(name="a", deployment=wanted(), template="", created_at=0.0)
    run = RunFolder(tmp_path / "pods" / "a" / "run-0", 0)
    run.make()
    with pytest.raises(PreparationFailed) as refused:
        await start_run(run, record, [sys.executable, "-c", "pass"], PodOptions(confinement=required), None)
    assert refused.value.reason == "NotConfined"
    assert refused.value.is_permanent


@needs_landlock
def test_what_cannot_be_confined_is_not_executed(tmp_path: Path) -> None:
    """As under a seccomp profile that answers to the version and refuses the rest."""
    found = find_confinement("auto", tmp_path, range(0), (), KernelSupport(is_root=lambda: False))
    assert found.rules is not None
    rules = found.rules.for_pod([sys.executable], tmp_path, None) | {"abi": 6, "limits": {"NOFILE": 2}}
    ended = subprocess.run(
        confined_command(rules, ["touch", str(tmp_path / "made")]), capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert not (tmp_path / "made").exists()


COPYING = """
import pathlib, shutil

def build_wheel(folder, *_, **__):
    (wheel,) = pathlib.Path(__file__).parent.glob("*.whl")
    shutil.copy(wheel, folder)
    return wheel.name
"""


@needs_landlock
async def test_what_was_built_confined_works_and_belongs_to_the_platform(tmp_path: Path) -> None:
    source = tmp_path / "source"
    wheel = toy_wheel(source, "toybuilt", "half = 0.5")
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "reaching.py").write_text(COPYING)
    confinement = find_confinement("auto", tmp_path / "home", user_range("56000-56999"), ())
    assert confinement.rules is not None
    known = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "UV_OFFLINE": "1"}
    environments = EnvironmentStore(tmp_path / "home" / "envs", known, limit_s=60, confinement=confinement)
    wanted_one = PackageRequirement(
        name="toybuilt", place=str(source), written=f"toybuilt @ {source}", digest="of the model's own"
    )
    plan = EnvironmentPlan(
        EnvironmentComparison(), (), EnvironmentPackages((wanted_one,)), platform.python_version(), "key"
    )
    built = await environments.build(plan, tmp_path / "output.log", lambda _: None)

    asked = [str(built.python), "-c", "import toybuilt, penstock_runtime; print(toybuilt.half)"]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (ended.stdout, wheel.name) == ("0.5\n", "toybuilt-0.1-py3-none-any.whl"), ended.stderr
    found = [each.lstat() for each in built.python.parents[1].rglob("*") if not each.is_symlink()]
    assert len(found) > 30
    assert {each.st_uid for each in found} == {os.geteuid()}
    assert not [each for each in found if each.st_mode & 0o022]
    assert list((tmp_path / "home" / "envs").glob(".building-*")) == []


SOCKETS = """
import socket, sys
sys.path.insert(0, {folder!r})
import landlock, syscall_filter
landlock.no_new_privileges()
syscall_filter.install_filter(sockets={sockets})
socket.socketpair()
try:
    socket.socket(socket.AF_UNIX).close()
    print("made")
except PermissionError:
    print("refused")
"""


@pytest.mark.skipif(not syscall_filter.is_known(), reason="no system call filter is known for this machine")
@pytest.mark.parametrize(("sockets", "said"), [(True, "refused"), (False, "made")])
def test_socket_files_are_closed_to_pods_unless_a_gpu_needs_them(sockets: bool, said: str) -> None:
    folder = str(Path(syscall_filter.__file__).parent)
    code = SOCKETS.format(folder=folder, sockets=sockets)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said
