"""Signing in at an identity provider, in a browser that goes there and comes back."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from browser.visit import LOADED_WITHIN_MS
from platforms.running_platform import until
from servers.issuer import Issuer
from servers.ports import free_port

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.close()


@pytest.fixture
def console(tmp_path: Path, issuer: Issuer) -> Iterator[str]:
    """A control plane that trusts the issuer, by a name of another site than the issuer's; no other service runs."""
    from controller.main import MIGRATIONS  # noqa: PLC0415 - the other tests here import no service
    from running_services.running_controller import controller_for, settings_for  # noqa: PLC0415
    from shared.http import serve  # noqa: PLC0415
    from shared.migrations import migrate  # noqa: PLC0415

    (tmp_path / "controller").mkdir()
    migrate(MIGRATIONS, f"sqlite+aiosqlite:///{tmp_path}/controller/controller.db")
    settings = settings_for(
        tmp_path, "nats://127.0.0.1:1", "http://127.0.0.1:1", oidc_issuer=issuer.url, oidc_client_id="console"
    )
    port, loop, stop = free_port(), asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        controller = await controller_for(settings)
        serving = asyncio.create_task(serve(controller.app.api, "127.0.0.1", port))
        await stop.wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await controller.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        until(lambda: httpx.get(f"http://127.0.0.1:{port}/healthz").is_success, within=30, what="the control plane")
        yield f"http://localhost:{port}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def test_somebody_goes_to_the_provider_and_comes_back_signed_in(
    chromium: Browser, console: str, issuer: Issuer
) -> None:
    context = chromium.new_context(locale="en-US")
    context.set_default_timeout(LOADED_WITHIN_MS)
    try:
        page, errors = context.new_page(), []
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(console)
        expect(page.get_by_label("Token")).to_be_visible()
        page.get_by_role("link", name="Sign in with the organisation").click()
        expect(page.get_by_role("button", name=re.compile("grace"))).to_be_visible()
        assert page.url.startswith(f"{console}/#/")
        assert "code=" not in page.url
        assert len(issuer.exchanged) == 1
        assert issuer.codes == {}
        page.reload()
        expect(page.get_by_role("button", name=re.compile("grace"))).to_be_visible()
        assert [error for error in errors if "503" not in error] == []  # no other service of the platform is there
    finally:
        context.close()
