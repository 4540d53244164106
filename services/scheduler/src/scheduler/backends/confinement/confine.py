"""Confines the calling process, for good, as rules say: `python -I -S confine.py RULES COMMAND…`, or `confine(rules)`.

Standard library only, and loaded by its file: the shim does so in the child that becomes a pod, before any code of the
model runs, and `COMMAND` is executed under the rules (a build, a download). Rules are JSON:

`abi` (Landlock's version, 0 for none), `read`, `write`, `devices` (paths), `user` (None: stay who one is), `groups`,
`keeps_search` (see `privileges.switch_user`), `opens_files_of_others` (as root may, where Landlock lets it),
`filters_calls` and `refuses_sockets` (see `syscall_filter`), `limits` (resource → number).
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import sys
from types import ModuleType
from typing import Any

FAILED = 126
FOLDER = os.path.dirname(os.path.abspath(__file__))
OWN_PROCESS = "/proc/self"


def confine(rules: dict[str, Any]) -> None:
    """Apply the rules to this process and all that it will start. Raises OSError: do not go on then."""
    landlock, privileges, syscall_filter = map(_beside, ("landlock", "privileges", "syscall_filter"))
    _limit(rules.get("limits", {}))
    user = rules.get("user")
    if user is not None:
        privileges.own_shared_memory()
    ruleset = _ruleset(landlock, rules) if rules["abi"] else None
    if user is not None:
        privileges.switch_user(user, rules.get("groups", ()), keeps_search=rules["keeps_search"])
    elif rules.get("opens_files_of_others"):
        privileges.open_files_of_others()
    else:
        privileges.drop_capabilities()
    landlock.no_new_privileges()
    if ruleset is not None:
        ruleset.restrict_self()
    if rules.get("filters_calls"):
        syscall_filter.install_filter(sockets=rules["refuses_sockets"])


def _ruleset(landlock: ModuleType, rules: dict[str, Any]) -> Any:
    version = rules["abi"]
    ruleset = landlock.Ruleset(version)
    ruleset.allow(rules["read"], landlock.READ)
    ruleset.allow(rules["write"], landlock.all_file_access(version))
    ruleset.allow(rules["devices"], landlock.USE_DEVICE | landlock.READ_DIR)
    ruleset.allow([OWN_PROCESS], landlock.READ | landlock.WRITE_FILE | landlock.TRUNCATE)
    return ruleset


def _limit(limits: dict[str, int]) -> None:
    """Bound soft and hard limits; one that is lower already stays."""
    for name, most in limits.items():
        number = getattr(resource, f"RLIMIT_{name}")
        _, hard = resource.getrlimit(number)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (bound, bound))


def _beside(name: str) -> ModuleType:
    """A module of this folder. It stays out of `sys.modules`, where a model's own could have that name."""
    spec = importlib.util.spec_from_file_location(f"penstock_{name}", os.path.join(FOLDER, f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(rules: str, command: list[str]) -> int:
    """Execute `command` confined; 126 where it cannot be."""
    try:
        confine(json.loads(rules))
        os.execvpe(command[0], command, os.environ)  # noqa: S606 - never a shell
    except OSError as error:
        print(f"cannot confine {command[0]}: {error.strerror or error}", file=sys.stderr)
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
