"""What access each route requires. Deny by default: a route that is not written here lets nobody in.

The one place where roles meet routes; a test holds the table against the routes. What a body names (the project of a
new service) is checked by the route itself, which says so here by `AccessLevel.SIGNED_IN`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from fastapi import Request
from sqlmodel import select

from controller.api.dependencies import ApiDependencies, CurrentPrincipal, Dependencies, dependencies_of
from controller.domain.access.roles import Principal, Role
from controller.store.tables import ServiceRow
from shared.errors import Forbidden


class AccessLevel(Enum):
    """What a principal must be. Roles are those in the project that the path leads to."""

    OPEN = auto()
    """Anybody: no token is needed."""
    SIGNED_IN = auto()
    """Anybody with a valid token; the route shows each caller what is theirs."""
    VIEWER = auto()
    EDITOR = auto()
    PROJECT_ADMIN = auto()
    ADMIN = auto()
    """An administrator of the installation."""


_ROLES = {AccessLevel.VIEWER: Role.VIEWER, AccessLevel.EDITOR: Role.EDITOR, AccessLevel.PROJECT_ADMIN: Role.ADMIN}

_S = "/services/{service}"
_T = "/inference-tables/{table}"
_V = _S + "/versions/{version}"
_L = _S + "/label-sources/{source}"
_M = _S + "/monitors/{monitor}"
_G = "/resource-groups/{group}"
_N = _G + "/nodes/{node}"
_OF_NODES = ("isolate", "resume", "drain", "release", "renew", "move")


def _of_definitions(
    path: str, one: str, read: AccessLevel = AccessLevel.SIGNED_IN, write: AccessLevel = AccessLevel.SIGNED_IN
) -> dict[tuple[str, str], AccessLevel]:
    """Routes of what is listed, made, read, replaced and deleted; unless told otherwise each checks whose it is."""
    each = f"{path}/{one}"
    return {
        **dict.fromkeys((("GET", path), ("GET", each)), read),
        **dict.fromkeys((("POST", path), ("PUT", each), ("DELETE", each)), write),
    }


REQUIRED_ACCESS: Mapping[tuple[str, str], AccessLevel] = {
    ("GET", "/health"): AccessLevel.OPEN,
    # services and what belongs to them
    ("GET", "/services"): AccessLevel.SIGNED_IN,
    ("POST", "/services"): AccessLevel.SIGNED_IN,
    ("GET", _S): AccessLevel.VIEWER,
    ("PATCH", _S): AccessLevel.EDITOR,
    ("DELETE", _S): AccessLevel.EDITOR,
    ("POST", _S + "/start"): AccessLevel.EDITOR,
    ("POST", _S + "/stop"): AccessLevel.EDITOR,
    ("POST", _S + "/restart"): AccessLevel.EDITOR,
    ("GET", _S + "/traffic"): AccessLevel.VIEWER,
    ("PUT", _S + "/traffic"): AccessLevel.EDITOR,
    ("GET", _S + "/versions"): AccessLevel.VIEWER,
    ("POST", _S + "/versions"): AccessLevel.EDITOR,
    ("GET", _V): AccessLevel.VIEWER,
    ("PATCH", _V): AccessLevel.EDITOR,
    ("DELETE", _V): AccessLevel.EDITOR,
    ("POST", _V + "/start"): AccessLevel.EDITOR,
    ("POST", _V + "/stop"): AccessLevel.EDITOR,
    ("POST", _V + "/restart"): AccessLevel.EDITOR,
    ("GET", _V + "/history"): AccessLevel.VIEWER,
    ("POST", _V + "/masking-preview"): AccessLevel.EDITOR,
    ("GET", _V + "/pods"): AccessLevel.VIEWER,
    ("GET", _V + "/pods/{pod}/timeline"): AccessLevel.VIEWER,
    ("POST", _V + "/pods/{pod}/restart"): AccessLevel.EDITOR,
    ("GET", _V + "/pods/{pod}/terminal"): AccessLevel.VIEWER,
    # the route asks for more where the installation does; the WebSocket itself wants the ticket
    ("POST", _V + "/pods/{pod}/exec-tickets"): AccessLevel.EDITOR,
    ("GET", _S + "/canaries"): AccessLevel.VIEWER,
    ("POST", _S + "/canaries"): AccessLevel.EDITOR,
    ("GET", _S + "/canaries/{canary}"): AccessLevel.VIEWER,
    ("POST", _S + "/canaries/{canary}/abort"): AccessLevel.EDITOR,
    ("POST", _S + "/canaries/{canary}/promote"): AccessLevel.EDITOR,
    ("POST", _S + "/debug"): AccessLevel.EDITOR,
    ("GET", _S + "/keys"): AccessLevel.VIEWER,
    ("POST", _S + "/keys"): AccessLevel.EDITOR,
    ("DELETE", _S + "/keys/{key_id}"): AccessLevel.EDITOR,
    ("POST", _S + "/keys/{key_id}/rotate"): AccessLevel.EDITOR,
    ("GET", "/service-summaries"): AccessLevel.SIGNED_IN,
    ("GET", _S + "/charts"): AccessLevel.VIEWER,
    ("GET", _S + "/metrics"): AccessLevel.VIEWER,
    ("GET", _V + "/metrics"): AccessLevel.VIEWER,
    ("GET", _S + "/events"): AccessLevel.VIEWER,
    ("GET", _V + "/events"): AccessLevel.VIEWER,
    ("GET", _S + "/logs"): AccessLevel.VIEWER,
    ("GET", _V + "/logs"): AccessLevel.VIEWER,
    ("GET", _S + "/logs/download"): AccessLevel.VIEWER,
    ("GET", _V + "/logs/download"): AccessLevel.VIEWER,
    ("GET", _S + "/requests/{request_id}"): AccessLevel.VIEWER,
    ("GET", _S + "/accounting"): AccessLevel.VIEWER,
    ("GET", _S + "/signatures"): AccessLevel.VIEWER,
    ("POST", _S + "/labels"): AccessLevel.EDITOR,
    ("GET", _S + "/labels/coverage"): AccessLevel.VIEWER,
    **_of_definitions(_S + "/label-sources", "{source}", AccessLevel.VIEWER, AccessLevel.EDITOR),
    ("POST", _L + "/run"): AccessLevel.EDITOR,
    ("GET", _L + "/runs"): AccessLevel.VIEWER,
    **_of_definitions(_S + "/monitors", "{monitor}", AccessLevel.VIEWER, AccessLevel.EDITOR),
    ("POST", _M + "/run"): AccessLevel.EDITOR,
    ("GET", _M + "/windows"): AccessLevel.VIEWER,
    ("GET", _M + "/windows/report"): AccessLevel.VIEWER,
    ("GET", _M + "/windows/distribution"): AccessLevel.VIEWER,
    **_of_definitions(_S + "/retraining-triggers", "{trigger}", AccessLevel.VIEWER, AccessLevel.EDITOR),
    ("GET", _S + "/retrainings"): AccessLevel.VIEWER,
    ("POST", _S + "/retrainings"): AccessLevel.EDITOR,
    ("GET", _S + "/retrainings/{retraining}"): AccessLevel.VIEWER,
    ("POST", _S + "/retrainings/{retraining}/cancel"): AccessLevel.EDITOR,
    ("GET", _S + "/erasures"): AccessLevel.VIEWER,
    ("GET", _S + "/erasures/{erasure}"): AccessLevel.VIEWER,
    ("POST", _S + "/erasures"): AccessLevel.PROJECT_ADMIN,
    ("GET", "/inference-tables"): AccessLevel.SIGNED_IN,
    ("GET", _T): AccessLevel.VIEWER,
    **{("GET", f"{_T}/{what}"): AccessLevel.VIEWER for what in ("rows", "statistics", "download")},
    # the registry and the catalogue
    ("GET", "/usage"): AccessLevel.SIGNED_IN,
    ("GET", "/capacity"): AccessLevel.SIGNED_IN,
    ("GET", "/models"): AccessLevel.SIGNED_IN,
    ("GET", "/models/{model}"): AccessLevel.SIGNED_IN,
    ("GET", "/models/{model}/versions/{version}"): AccessLevel.SIGNED_IN,
    ("GET", "/resource-specs"): AccessLevel.SIGNED_IN,
    ("POST", "/resource-specs"): AccessLevel.ADMIN,
    ("GET", "/resource-specs/{spec}"): AccessLevel.SIGNED_IN,
    ("PATCH", "/resource-specs/{spec}"): AccessLevel.ADMIN,
    ("DELETE", "/resource-specs/{spec}"): AccessLevel.ADMIN,
    # the route checks who may see a group
    ("GET", "/resource-groups"): AccessLevel.SIGNED_IN,
    ("POST", "/resource-groups"): AccessLevel.ADMIN,
    ("GET", _G): AccessLevel.SIGNED_IN,
    ("PATCH", _G): AccessLevel.ADMIN,
    ("DELETE", _G): AccessLevel.ADMIN,
    ("PUT", _G + "/projects/{project}"): AccessLevel.ADMIN,
    ("DELETE", _G + "/projects/{project}"): AccessLevel.ADMIN,
    ("GET", _G + "/nodes"): AccessLevel.SIGNED_IN,
    ("POST", _G + "/nodes"): AccessLevel.ADMIN,
    ("GET", _N): AccessLevel.SIGNED_IN,
    ("PATCH", _N): AccessLevel.ADMIN,
    **{("POST", f"{_N}/{verb}"): AccessLevel.ADMIN for verb in _OF_NODES},
    # credentials; the project is the secret's own, so the route checks it
    **_of_definitions("/secrets", "{secret}"),
    # the project is the destination's own, or none, so the route checks it
    **_of_definitions("/destinations", "{destination}"),
    ("POST", "/destinations/{destination}/test"): AccessLevel.SIGNED_IN,
    # the project is the definition's own, or none, and an alert's the monitor tells: the route checks it
    ("GET", "/alerts"): AccessLevel.SIGNED_IN,
    ("GET", "/alerts/{alert}"): AccessLevel.SIGNED_IN,
    ("POST", "/alerts/{alert}/acknowledge"): AccessLevel.SIGNED_IN,
    **_of_definitions("/channels", "{channel}"),
    ("GET", "/channel-kinds"): AccessLevel.SIGNED_IN,
    ("POST", "/channels/{channel}/test"): AccessLevel.SIGNED_IN,
    **_of_definitions("/silences", "{silence}"),
    **_of_definitions("/maintenance-windows", "{window}"),
    # of what each caller may see
    ("GET", "/changes"): AccessLevel.SIGNED_IN,
    # people
    ("GET", "/projects"): AccessLevel.SIGNED_IN,
    ("POST", "/projects"): AccessLevel.ADMIN,
    ("GET", "/projects/{project}"): AccessLevel.VIEWER,
    ("PATCH", "/projects/{project}"): AccessLevel.PROJECT_ADMIN,
    ("DELETE", "/projects/{project}"): AccessLevel.ADMIN,
    ("GET", "/projects/{project}/members"): AccessLevel.VIEWER,
    ("PUT", "/projects/{project}/members/{user}"): AccessLevel.PROJECT_ADMIN,
    ("DELETE", "/projects/{project}/members/{user}"): AccessLevel.PROJECT_ADMIN,
    ("GET", "/users"): AccessLevel.ADMIN,
    ("POST", "/users"): AccessLevel.ADMIN,
    ("GET", "/users/{user}"): AccessLevel.SIGNED_IN,
    ("PATCH", "/users/{user}"): AccessLevel.ADMIN,
    ("DELETE", "/users/{user}"): AccessLevel.ADMIN,
    ("GET", "/tokens"): AccessLevel.SIGNED_IN,
    ("POST", "/tokens"): AccessLevel.SIGNED_IN,
    ("DELETE", "/tokens/{token_id}"): AccessLevel.SIGNED_IN,
    # signed with a secret that is named in the path
    ("POST", "/registry-webhooks/{secret}"): AccessLevel.OPEN,
    ("POST", "/session"): AccessLevel.OPEN,
    ("GET", "/session"): AccessLevel.SIGNED_IN,
    ("DELETE", "/session"): AccessLevel.SIGNED_IN,
    ("GET", "/session/options"): AccessLevel.OPEN,
    ("POST", "/session/links"): AccessLevel.SIGNED_IN,
    ("GET", "/audit"): AccessLevel.SIGNED_IN,
    # the platform's own
    ("GET", "/platform"): AccessLevel.ADMIN,
    ("GET", "/dead-letters"): AccessLevel.ADMIN,
    ("POST", "/dead-letters/{letter_id}/replay"): AccessLevel.ADMIN,
}


async def authorize(request: Request, deps: Dependencies, principal: CurrentPrincipal) -> None:
    """Raise unless the principal may use this route: a dependency of every route."""
    need = REQUIRED_ACCESS.get((request.method, request.scope["route"].path_format.removeprefix("/api/v1")))
    if need is None:
        raise Forbidden("Nobody may call this")
    if need is AccessLevel.ADMIN:
        principal.require_admin()
    elif need in _ROLES:
        await _must_have(_ROLES[need], request.path_params, deps, principal)


async def reauthorize(request: Request) -> None:
    """Raise once the principal of this request may no longer make it: for streamed answers."""
    await authorize(request, dependencies_of(request), await request.state.current_principal())


async def _must_have(role: Role, path: Mapping[str, str], deps: ApiDependencies, principal: Principal) -> None:
    if "project" in path:
        principal.require_role(role, path["project"], f"There is no project {path['project'][:64]!r}")
        return
    service = path["service"] if "service" in path else path["table"].partition(".")[0]
    missing = f"There is no service {service[:64]!r}" if "service" in path else f"There is no table {path['table']!r}"
    await authorize_on_service(deps, principal, service, role, missing)


async def authorize_on_service(
    deps: ApiDependencies, principal: Principal, service: str, role: Role, missing: str
) -> None:
    """Refuse who lacks `role` in the service's project; what is gone belongs to administrators."""
    if principal.is_admin:
        return
    async with deps.read_session() as session:
        project = (await session.scalars(select(ServiceRow.project).where(ServiceRow.name == service))).one_or_none()
    principal.require_role(role, project or "", missing)
