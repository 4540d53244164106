"""What a router does whose log has no room: serve on, and say how many rows are missing."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from running_services.router_setting import Setting

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The router's home on a file system with room for two segments of the spool."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    home = tmp_path / "home"
    home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(home)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield home
    subprocess.run(["umount", "--lazy", str(home)], check=True)


async def fills_up_and_counts_what_it_drops(setting: Setting, reason: str) -> None:
    """The bus is away until the log is full; every caller is answered, and the metric says which rows are missing."""
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    caller = await setting.world.caller()
    await setting.predict(0, caller)
    await setting.until_logged()
    await setting.server.kill()
    for number in range(100):  # 256 KiB each: 25 MiB, where 16 fit
        await setting.predict(number, caller, padding=b" " * 262_144)
    dropped = await setting.router.dropped(reason)
    assert 0 < dropped < 100
    await setting.server.start()

    async def records() -> Counter[str]:
        return Counter(record.request_id for record in await setting.station.records())

    async with asyncio.timeout(60):
        while len(found := await records()) < len(setting.received) - dropped:
            await asyncio.sleep(0.1)
    missing = setting.received.keys() - found.keys()
    assert len(missing) == dropped
    # There is room again, and what comes now is behind all that was sent twice, if anything was.
    last = await setting.predict(0, caller)
    async with asyncio.timeout(60):
        while last not in (found := await records()):
            await asyncio.sleep(0.1)
    assert found == Counter(setting.received.keys() - missing)
    assert await setting.router.dropped(reason) == dropped


async def test_a_full_spool_drops_what_it_counts_and_serves_on(setting: Setting) -> None:
    setting.router.settings["ROUTER_SPOOL_MAX_BYTES"] = str(16 * 1024 * 1024)
    await fills_up_and_counts_what_it_drops(setting, "spool_full")


async def test_a_full_disk_drops_what_it_counts_and_serves_on(small_disk: Path, setting: Setting) -> None:
    await fills_up_and_counts_what_it_drops(setting, "disk_full")
