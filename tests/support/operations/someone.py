"""A user of a running controller."""

from __future__ import annotations

from typing import Any

import httpx

from running_services.running_controller import Controller


class Someone:
    """A user of the running controller, with a token of their own."""

    def __init__(self, controller: Controller, token: str) -> None:
        self.controller, self.token = controller, token

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return await self.controller.client.request(method, f"/api/v1{path}", headers=headers, **options)

    async def status(self, method: str, path: str, **options: Any) -> int:
        return (await self.ask(method, path, **options)).status_code


async def member(controller: Controller, name: str, **roles: str) -> dict[str, Any]:
    """Make a user with these roles by project, and a token of theirs: what the API says of the token."""
    await controller.call("POST", "/users", 201, json={"name": name})
    for project, role in roles.items():
        await controller.call("PUT", f"/projects/{project}/members/{name}", json={"role": role})
    made: dict[str, Any] = await controller.call("POST", "/tokens", 201, json={"name": "t", "user": name})
    return made


async def someone(controller: Controller, name: str, **roles: str) -> Someone:
    """Such a user, with their token."""
    return Someone(controller, (await member(controller, name, **roles))["token"])
