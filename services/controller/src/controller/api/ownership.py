"""Who may see and change what is a project's or the installation's."""

from __future__ import annotations

from controller.domain.access.roles import Principal, Role
from shared.errors import NotFound


def require(principal: Principal, need: Role, project: str | None, missing: str) -> None:
    """Refuse who lacks `need` in the project, with `NotFound(missing)` who may not see it.

    What is the installation's needs an administrator.
    """
    if project is None:
        principal.require_admin()
    else:
        principal.require_role(need, project, missing)


def require_visible(principal: Principal, project: str | None, missing: str) -> None:
    """Refuse who may not see it; everybody may see what is the installation's."""
    if project is not None and not principal.may_see(project):
        raise NotFound(missing)
