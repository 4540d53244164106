"""The small parent of one pod process: `python -I -S shim.py RUN_FOLDER`.

Owns, in the run's folder: `output.log` (what the pod prints; the pod writes to the file itself, so no pipe can break
under it), `process.json` (written before the starter returns), `exit.json` (how and when the pod ended), `lock` (held
for as long as the shim lives, so that a run is never started twice, and touched every few seconds). It reads
`order.json`. Each JSON file is written aside and renamed.

It forks, makes a session of its own and so outlives whoever started it; it ends when the pod's process has ended, and
takes the rest of the pod's process group with it. Standard library only: it costs a few megabytes per pod. A shim that
was forked from a process with a model's libraries in it lets go of them: once its pod runs it executes this file anew,
as the same process (`python -I -S shim.py --attend PID OUTPUT CAP`).
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

STARTED, REFUSED, BROKEN = 0, 3, 4
OUTPUT_CHECK_S = 5.0
OOM_SCORE = b"500"
"""When the machine runs out of memory, pods go before the platform."""


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot: with its pid, its identity. None: not known (no /proc)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return int(stat.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def write_json(path: str, content: dict[str, Any]) -> None:
    """Write aside, sync, rename: a reader sees all of it or none."""
    aside = f"{path}.{os.getpid()}"
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def read_json(path: str) -> dict[str, Any] | None:
    """The file's content; None where there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            content: dict[str, Any] = json.load(file)
            return content
    except FileNotFoundError:
        return None


def execute(order: dict[str, Any]) -> None:
    """Become the order's command. Raises OSError where it cannot be executed; else does not return."""
    os.execve(order["command"][0], order["command"], order["environment"])  # noqa: S606 - never a shell


def main(folder: str, become: Callable[[dict[str, Any]], None] = execute) -> int:
    """Start the pod that `order.json` describes and stay with it in the background; `become` turns a child into it.

    Returns in the foreground once the pod's process exists: 0; 3 where this run was started before.
    """
    os.chdir(folder)
    lock = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return REFUSED
    if os.path.exists("process.json") or os.path.exists("exit.json"):
        return REFUSED
    order = read_json("order.json")
    if order is None:
        return BROKEN
    told, tell = os.pipe()
    if os.fork():
        os.close(tell)
        return STARTED if os.read(told, 1) else BROKEN
    os.close(told)
    _detach()
    _start_and_attend(order, (lock, tell), become)
    os._exit(0)


def _detach() -> None:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)


def _start_and_attend(order: dict[str, Any], ours: tuple[int, int], become: Callable[[dict[str, Any]], None]) -> None:
    """Start the process, write who it is, stay until its end. `ours`: the lock, the pipe to the starter."""
    lock, tell = ours
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    output = os.open("output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    begun = {"at": time.time(), "monotonic": time.monotonic()}
    pid = os.fork()
    if pid == 0:
        for descriptor in ours:  # a pod that is not executed would hold them, and the lock with them
            os.close(descriptor)
        _become_pod(order, output, become)
    for descriptor in order["descriptors"]:
        os.close(descriptor)
    write_json("process.json", {"pid": pid, "ticks": start_ticks(pid), "shim": os.getpid(), **begun})
    os.write(tell, b"1")
    os.close(tell)
    if become is not execute:
        _reexecute(pid, (lock, output), int(order["output_cap"]))
    _attend(pid, output, int(order["output_cap"]))


def _reexecute(pid: int, kept: tuple[int, int], cap: int) -> None:
    """Be a small process again: go on in a fresh interpreter. Where there is none to be had, go on as it is."""
    for descriptor in kept:
        os.set_inheritable(descriptor, True)
    arguments = [sys.executable, "-I", "-S", __file__, "--attend", str(pid), str(kept[1]), str(cap)]
    with suppress(OSError):
        os.execve(sys.executable, arguments, {})  # noqa: S606 - never a shell


def _attend(pid: int, output: int, cap: int) -> None:
    """Wait for the end of the pod's process, this process' child, and write how it was."""
    status = _wait(pid, output, cap)
    ended_at = _end_time()
    _end_group(pid)
    code = os.waitstatus_to_exitcode(status)
    how = {"code": code if code >= 0 else None, "signal": -code if code < 0 else None}
    write_json("exit.json", {**how, "at": ended_at})


def _end_time() -> float:
    """Unix time, carried on from the start by a clock that nobody sets: a run lasts as long as it lasts."""
    begun = read_json("process.json") or {}
    if "monotonic" not in begun:
        return time.time()
    return float(begun["at"]) + time.monotonic() - float(begun["monotonic"])


def _become_pod(order: dict[str, Any], output: int, become: Callable[[dict[str, Any]], None]) -> None:
    """Turn this child into the pod: a process group of its own, ordinary signals, output into the file."""
    try:
        os.setpgid(0, 0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        _raise_oom_score()
        for group in order.get("groups", ()):
            _join(group)
        os.chdir(order["folder"])
        _take_secrets(order)
        if rules := order.get("confinement"):
            _confine(rules)
        become(order)
    except OSError as error:
        os.write(2, f"cannot start {order['command'][0]}: {error.strerror}\n".encode())
    os._exit(127)


def _take_secrets(order: dict[str, Any]) -> None:
    """Variables that stand in no file: read from the descriptor that holds them, which is closed then."""
    for descriptor in order.get("secrets", ()):
        with open(descriptor, encoding="utf-8") as file:
            order["environment"].update(json.load(file))


def _confine(rules: dict[str, Any]) -> None:
    """Give up all that a pod may not do, for good; the code is found by its path: nothing can be imported by name."""
    import importlib.util  # noqa: PLC0415 - not in the shim itself, which is to be small

    backends = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    file = os.path.join(backends, "confinement", "confine.py")
    spec = importlib.util.spec_from_file_location("penstock_confine", file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(errno.ENOENT, f"no {file}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.confine(rules)


def _join(group: str) -> None:
    """Be limited from now on, by what this file of a control group belongs to."""
    with open(group, "wb") as processes:
        processes.write(b"0")


def _raise_oom_score() -> None:
    with suppress(OSError), open("/proc/self/oom_score_adj", "wb") as score:
        score.write(OOM_SCORE)


def _wait(pid: int, output: int, cap: int) -> int:
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        _truncate_output(output, cap)
        with suppress(OSError):
            os.utime("lock")  # alive until now, should the machine be lost
        signal.sigtimedwait({signal.SIGCHLD}, OUTPUT_CHECK_S)


def _truncate_output(output: int, cap: int) -> None:
    """Empty an output file that has outgrown its cap. Offsets go on: `base.json` says what came before its start."""
    size = os.fstat(output).st_size
    if size <= cap:
        return
    before = (read_json("base.json") or {"base": 0})["base"]
    os.ftruncate(output, 0)
    write_json("base.json", {"base": before + size})


def _end_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    rules = (read_json("order.json") or {}).get("confinement") or {}
    if rules.get("user") is not None:
        _end_user(rules["user"])


def _end_user(user: int) -> None:
    """End whatever left the pod's process group: the pod is the only one with this user."""
    if os.fork() == 0:
        with suppress(OSError):
            os.setresuid(user, user, user)
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.wait()


if __name__ == "__main__":
    if sys.argv[1] == "--attend":
        _attend(*map(int, sys.argv[2:]))
    else:
        sys.exit(main(sys.argv[1]))
