"""What each route needs of its caller. Deny by default: a route that is not written here lets nobody in.

The one place where roles meet routes; a test holds the table against the routes. What a body names (the project of a
new service) is checked by the route itself, which says so here by `Need.SIGNED_IN`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from fastapi import Request
from sqlmodel import select

from controller.api.dependencies import Door, TheCaller, TheDoor, door_of
from controller.domain.access.roles import Caller, Role
from controller.store.tables import ServiceRow
from shared.errors import Forbidden


class Need(Enum):
    """What a caller must be. Roles are those in the project that the path leads to."""

    OPEN = auto()
    """Nobody in particular: the gate asks for no token."""
    SIGNED_IN = auto()
    """Anybody with a valid token; the route shows each caller what is theirs."""
    VIEWER = auto()
    EDITOR = auto()
    PROJECT_ADMIN = auto()
    ADMIN = auto()
    """An administrator of the installation."""


_ROLES = {Need.VIEWER: Role.VIEWER, Need.EDITOR: Role.EDITOR, Need.PROJECT_ADMIN: Role.ADMIN}

_S = "/services/{service}"
_V = _S + "/versions/{version}"
_G = "/resource-groups/{group}"
_N = _G + "/nodes/{node}"
_OF_NODES = ("isolate", "resume", "drain", "release", "renew", "move")

ACCESS: Mapping[tuple[str, str], Need] = {
    ("GET", "/health"): Need.OPEN,
    # services and what belongs to them
    ("GET", "/services"): Need.SIGNED_IN,
    ("POST", "/services"): Need.SIGNED_IN,
    ("GET", _S): Need.VIEWER,
    ("PATCH", _S): Need.EDITOR,
    ("DELETE", _S): Need.EDITOR,
    ("POST", _S + "/start"): Need.EDITOR,
    ("POST", _S + "/stop"): Need.EDITOR,
    ("POST", _S + "/restart"): Need.EDITOR,
    ("GET", _S + "/traffic"): Need.VIEWER,
    ("PUT", _S + "/traffic"): Need.EDITOR,
    ("GET", _S + "/versions"): Need.VIEWER,
    ("POST", _S + "/versions"): Need.EDITOR,
    ("GET", _V): Need.VIEWER,
    ("PATCH", _V): Need.EDITOR,
    ("DELETE", _V): Need.EDITOR,
    ("POST", _V + "/start"): Need.EDITOR,
    ("POST", _V + "/stop"): Need.EDITOR,
    ("POST", _V + "/restart"): Need.EDITOR,
    ("GET", _V + "/pods"): Need.VIEWER,
    ("POST", _V + "/pods/{pod}/restart"): Need.EDITOR,
    ("POST", _S + "/debug"): Need.EDITOR,
    ("GET", _S + "/keys"): Need.VIEWER,
    ("POST", _S + "/keys"): Need.EDITOR,
    ("DELETE", _S + "/keys/{key_id}"): Need.EDITOR,
    ("POST", _S + "/keys/{key_id}/rotate"): Need.EDITOR,
    ("GET", _S + "/metrics"): Need.VIEWER,
    ("GET", _V + "/metrics"): Need.VIEWER,
    ("GET", _S + "/events"): Need.VIEWER,
    ("GET", _V + "/events"): Need.VIEWER,
    ("GET", _S + "/logs"): Need.VIEWER,
    ("GET", _V + "/logs"): Need.VIEWER,
    ("GET", "/inference-tables"): Need.SIGNED_IN,
    ("GET", "/inference-tables/{table}/rows"): Need.VIEWER,
    # the registry and the catalogue
    ("GET", "/usage"): Need.SIGNED_IN,
    ("GET", "/capacity"): Need.SIGNED_IN,
    ("GET", "/models"): Need.SIGNED_IN,
    ("GET", "/models/{model}"): Need.SIGNED_IN,
    ("GET", "/models/{model}/versions/{version}"): Need.SIGNED_IN,
    ("GET", "/resource-specs"): Need.SIGNED_IN,
    ("POST", "/resource-specs"): Need.ADMIN,
    ("GET", "/resource-specs/{spec}"): Need.SIGNED_IN,
    ("PATCH", "/resource-specs/{spec}"): Need.ADMIN,
    ("DELETE", "/resource-specs/{spec}"): Need.ADMIN,
    # whoever may see a group is looked at by the route
    ("GET", "/resource-groups"): Need.SIGNED_IN,
    ("POST", "/resource-groups"): Need.ADMIN,
    ("GET", _G): Need.SIGNED_IN,
    ("PATCH", _G): Need.ADMIN,
    ("DELETE", _G): Need.ADMIN,
    ("PUT", _G + "/projects/{project}"): Need.ADMIN,
    ("DELETE", _G + "/projects/{project}"): Need.ADMIN,
    ("GET", _G + "/nodes"): Need.SIGNED_IN,
    ("POST", _G + "/nodes"): Need.ADMIN,
    ("GET", _N): Need.SIGNED_IN,
    ("PATCH", _N): Need.ADMIN,
    **{("POST", f"{_N}/{verb}"): Need.ADMIN for verb in _OF_NODES},
    # credentials; the project is the secret's own, so the route looks at it
    ("GET", "/secrets"): Need.SIGNED_IN,
    ("POST", "/secrets"): Need.SIGNED_IN,
    ("GET", "/secrets/{secret}"): Need.SIGNED_IN,
    ("PUT", "/secrets/{secret}"): Need.SIGNED_IN,
    ("DELETE", "/secrets/{secret}"): Need.SIGNED_IN,
    # people
    ("GET", "/projects"): Need.SIGNED_IN,
    ("POST", "/projects"): Need.ADMIN,
    ("GET", "/projects/{project}"): Need.VIEWER,
    ("PATCH", "/projects/{project}"): Need.PROJECT_ADMIN,
    ("DELETE", "/projects/{project}"): Need.ADMIN,
    ("GET", "/projects/{project}/members"): Need.VIEWER,
    ("PUT", "/projects/{project}/members/{user}"): Need.PROJECT_ADMIN,
    ("DELETE", "/projects/{project}/members/{user}"): Need.PROJECT_ADMIN,
    ("GET", "/users"): Need.ADMIN,
    ("POST", "/users"): Need.ADMIN,
    ("GET", "/users/{user}"): Need.SIGNED_IN,
    ("PATCH", "/users/{user}"): Need.ADMIN,
    ("DELETE", "/users/{user}"): Need.ADMIN,
    ("GET", "/tokens"): Need.SIGNED_IN,
    ("POST", "/tokens"): Need.SIGNED_IN,
    ("DELETE", "/tokens/{token_id}"): Need.SIGNED_IN,
    ("GET", "/audit"): Need.SIGNED_IN,
    # the platform's own
    ("GET", "/dead-letters"): Need.ADMIN,
    ("POST", "/dead-letters/{letter_id}/replay"): Need.ADMIN,
}


async def admitted(request: Request, door: TheDoor, caller: TheCaller) -> None:
    """Let the caller of this route through, or raise: a dependency of every route."""
    need = ACCESS.get((request.method, request.scope["route"].path_format.removeprefix("/api/v1")))
    if need is None:
        raise Forbidden("Nobody may call this")
    if need is Need.ADMIN:
        caller.must_be_admin()
    elif need in _ROLES:
        await _must_have(_ROLES[need], request.path_params, door, caller)


async def still_admitted(request: Request) -> None:
    """Raise once the caller of this request may no longer make it: for answers that go on."""
    await admitted(request, door_of(request), await request.state.caller_now())


async def _must_have(role: Role, path: Mapping[str, str], door: Door, caller: Caller) -> None:
    if "project" in path:
        caller.must_have(role, path["project"], f"There is no project {path['project'][:64]!r}")
        return
    service = path["service"] if "service" in path else path["table"].partition(".")[0]
    missing = f"There is no service {service[:64]!r}" if "service" in path else f"There is no table {path['table']!r}"
    await must_have_on_service(door, caller, service, role, missing)


async def must_have_on_service(door: Door, caller: Caller, service: str, role: Role, missing: str) -> None:
    """Refuse who lacks `role` in the service's project; what is gone belongs to administrators."""
    if caller.is_admin:
        return
    async with door.look() as session:
        project = (await session.scalars(select(ServiceRow.project).where(ServiceRow.name == service))).one_or_none()
    caller.must_have(role, project or "", missing)
