"""The small parent of one session inside a pod: `python -I -S attendant.py LIFELINE`.

Reads from the descriptor `LIFELINE` (one end of a pair of sockets) what to start: one line of JSON, see `Order`. The
command is started with the pod's confinement, in the pod's control groups, in a session of its own. What came of it is
told in lines of JSON: `{"pid"}` or `{"error"}`, then `{"code", "signal", "message"}`.

It ends the command, and everything that the command has started (orphans come to it: it is a subreaper), when the
command's own process has ended, when the pod's has, and when the lifeline is closed: so the session does not outlive
the scheduler, however that ends. Standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import importlib.util
import json
import os
import select
import signal
import sys
import termios
import time
from typing import Any

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SHELLS = (("/bin/bash", "--norc"), ("/bin/sh",))
"""Tried in this order where no command is given; the machine's own settings of a shell are nothing of a pod's."""
POLL_S = 0.2
"""How soon the end of the pod's process, or of the command, is noticed."""
HANG_UP_S = 0.5
"""Between the hang-up and the kill."""
KILL_WITHIN_S = 10.0
OOM_SCORE = b"500"
"""When the machine runs out of memory, sessions go with the pods, before the platform."""

Order = dict[str, Any]
"""`command` (empty: a shell), `environment`, `folder`, `groups`, `confinement` as in the order of a pod's run;
`stdio` (three descriptors), `tty`; `pod` (`pid`, `ticks`)."""


def main(lifeline: int) -> None:
    """Attend one session to its end."""
    with contextlib.suppress(OSError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    order = _read_order(lifeline)
    for descriptor in (lifeline, *order["stdio"]):
        os.set_inheritable(descriptor, False)
    pid, refusal = _start(order)
    for descriptor in set(order["stdio"]):
        os.close(descriptor)
    if refusal is not None:
        _tell(lifeline, {"error": refusal})
        return
    _tell(lifeline, {"pid": pid})
    status, message = _attend(pid, lifeline, order["pod"])
    _end_all()
    code = None if status is None else os.waitstatus_to_exitcode(status)
    by_signal = -code if code is not None and code < 0 else None
    _tell(lifeline, {"code": code if by_signal is None else None, "signal": by_signal, "message": message})


def _read_order(lifeline: int) -> Order:
    received = b""
    while not received.endswith(b"\n"):
        part = os.read(lifeline, 65536)
        if not part:
            sys.exit(1)
        received += part
    order: Order = json.loads(received)
    return order


def _tell(lifeline: int, what: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # nobody is there to be told
        os.write(lifeline, json.dumps(what).encode() + b"\n")


def _start(order: Order) -> tuple[int, str | None]:
    """Fork the command: its pid, and why it could not be executed."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        try:
            _become(order)
        except OSError as error:
            os.write(tell, (error.strerror or str(error)).encode())
        except BaseException as error:  # noqa: BLE001 - this child ends here, whatever it was
            os.write(tell, f"{type(error).__name__}: {error}".encode())
        os._exit(127)
    os.close(tell)
    with os.fdopen(told, "rb") as pipe:
        refusal = pipe.read().decode(errors="replace")
    if refusal:
        os.waitpid(pid, 0)
    return pid, refusal or None


def _become(order: Order) -> None:
    """Turn this child into the command, with what the pod itself may do and no more. Raises OSError."""
    libc = ctypes.CDLL(None)
    os.setsid()
    stdio = order["stdio"]
    if order["tty"]:
        fcntl.ioctl(stdio[0], termios.TIOCSCTTY, 0)
    for number, descriptor in enumerate(stdio):
        os.dup2(descriptor, number)
    for ordinary in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(ordinary, signal.SIG_DFL)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "wb") as score:
        score.write(OOM_SCORE)
    for group in order["groups"]:
        with open(group, "wb") as processes:
            processes.write(b"0")
    os.chdir(order["folder"])
    if order["confinement"]:
        _confine(_with_terminal(order["confinement"], stdio[0] if order["tty"] else None))
    # Should this parent be killed, the command goes too: asked for last, since a change of the user forgets it.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _execute(order["command"], order["environment"])


def _execute(command: list[str], environment: dict[str, str]) -> None:
    if command:
        os.execvpe(command[0], command, environment)  # noqa: S606 - never a shell of ours
    for shell in SHELLS:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.execve(shell[0], shell, environment)  # noqa: S606 - the shell that was asked for
    raise OSError(errno.ENOENT, f"there is no shell: neither {' nor '.join(shell[0] for shell in SHELLS)}")


def _with_terminal(rules: dict[str, Any], terminal: int | None) -> dict[str, Any]:
    """The pod's rules, and this session's own terminal, which editors and pagers open by its name."""
    if terminal is None:
        return rules
    if rules["user"] is not None:
        os.fchown(terminal, rules["user"], -1)
    return {**rules, "devices": [*rules["devices"], "/dev/tty", os.ttyname(terminal)]}


def _confine(rules: dict[str, Any]) -> None:
    """Give up all that the pod may not do, for good; the code is found by its path."""
    backends = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    file = os.path.join(backends, "confinement", "confine.py")
    spec = importlib.util.spec_from_file_location("penstock_confine", file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(errno.ENOENT, f"no {file}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.confine(rules)


def _attend(pid: int, lifeline: int, pod: dict[str, Any]) -> tuple[int | None, str | None]:
    """Wait for the end of the command, of the pod or of the lifeline: the command's status, and what ended it."""
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    with contextlib.suppress(OSError, AttributeError):  # a kernel without them: its end is noticed a little later
        poll.register(os.pidfd_open(pid), select.POLLIN)
    while True:
        status = _reap(pid)
        if status is not None:
            return status, None
        if not _lives(pod["pid"], pod["ticks"]):
            return _hang_up(pid), "the pod has ended"
        ready = [descriptor for descriptor, _ in poll.poll(POLL_S * 1000)]
        if lifeline in ready and _is_closed(lifeline):
            return _hang_up(pid), None


def _is_closed(lifeline: int) -> bool:
    """Nothing is said over it after the order."""
    try:
        return os.read(lifeline, 1) == b""
    except OSError:
        return True


def _reap(pid: int) -> int | None:
    """Collect whatever has ended; the status of `pid` where it is among it."""
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if ended == pid:
            return status
        if not ended:
            return None


def _hang_up(pid: int) -> int | None:
    """SIGHUP to the command's group; its status where it ends for that."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGHUP)
        os.killpg(pid, signal.SIGCONT)  # one that is stopped would not hear it
    until = time.monotonic() + HANG_UP_S
    while time.monotonic() < until:
        if (status := _reap(pid)) is not None:
            return status
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, 0)[1]
    return None


def _end_all() -> None:
    """Kill every descendant: those whose parents have ended are our children."""
    until = time.monotonic() + KILL_WITHIN_S
    while time.monotonic() < until:
        for each in _descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(each, signal.SIGKILL)
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        time.sleep(0.01)


def _descendants(root: int) -> list[int]:
    """Every process below `root`, the nearest first."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal() and (found := _stat(int(name))) is not None:
            children.setdefault(int(found[1]), []).append(int(name))
    below = list(children.get(root, ()))
    for each in below:
        below += children.get(each, ())
    return below


def _lives(pid: int, ticks: int | None) -> bool:
    """Whether the process that started at `ticks` runs; a zombie does not."""
    found = _stat(pid)
    return found is not None and found[0] not in (b"Z", b"X") and (ticks is None or int(found[19]) == ticks)


def _stat(pid: int) -> list[bytes] | None:
    """Fields of /proc/PID/stat behind its name: state, parent, …; None where it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()
    except OSError:
        return None


if __name__ == "__main__":
    main(int(sys.argv[1]))
