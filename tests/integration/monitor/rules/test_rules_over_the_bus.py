"""The whole monitor on a real server: it is told of a rule, evaluates it, and answers with its windows."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from monitor.main import MIGRATIONS, build_app
from monitor.settings import MonitorSettings
from quality_tables import Lake, wine_rows
from servers.migrated_stores import MigratedStores
from servers.nats_process import NatsProcess
from shared.bus import Bus
from shared.bus.envelope import headers_of, subject_of
from shared.clock import SystemClock
from shared.contracts.base import Contract
from shared.contracts.quality.monitors import MonitorList
from shared.contracts.rpc.inference_logger.tables import TABLES, TableList, TablesQuery
from shared.contracts.rpc.quality import (
    MONITOR_STATES,
    MONITOR_WINDOWS,
    MONITORS,
    RUN_MONITOR,
    MonitorQuery,
    MonitorsOfService,
    MonitorStates,
    WindowPage,
    WindowsQuery,
)
from shared.events import MonitorDefined
from shared.ids import new_id
from shared.telemetry import Telemetry
from waiting.eventually import eventually


async def test_a_rule_is_evaluated_as_soon_as_it_is_defined(
    nats_server: NatsProcess, tmp_path: Path, migrated_stores: MigratedStores, request: pytest.FixtureRequest
) -> None:
    lake, clock = Lake(tmp_path / "tables"), SystemClock()
    controller, logger = (Bus(name, nats_server.url, clock=clock) for name in ("controller", "inference-logger"))

    async def defined(_: Contract) -> MonitorList:
        return MonitorList(items=await lake.monitors())

    async def tables(query: TablesQuery) -> TableList:
        return TableList(items=await lake.tables(query.service or ""))

    controller.serve(MONITORS, defined)
    logger.serve(TABLES, tables)
    request.param = "sqlite"
    with migrated_stores.new(MIGRATIONS, tmp_path / "monitor.db", request) as url:
        settings = MonitorSettings(home=tmp_path / "home", nats_url=nats_server.url, database_url=url)
        app = await build_app(settings, Telemetry("monitor", CollectorRegistry(), TracerProvider()), clock=clock)
        work = [controller.run(), logger.run(), *app.background().values()]
        tasks = [asyncio.create_task(each) for each in work]
        await asyncio.gather(*(bus.connected() for bus in (controller, logger, app.bus)))

        async def listed() -> bool:
            found = await controller.call(MONITOR_STATES, MonitorsOfService(service="wine"), timeout=5)
            return isinstance(found, MonitorStates)

        await eventually(listed)
        end = clock.now().replace(microsecond=0)
        lake.write(wine_rows(end - timedelta(hours=2), 1200, spread=timedelta(hours=2)))
        rule = lake.rule("rows", "data_quality", "row_count", warning=5000.0, delay="PT0S")
        fact = MonitorDefined(service="wine", monitor_id=rule.id, monitor="rows", revision=1)
        headers = headers_of(fact, event_id=new_id(), source="controller", at=clock.now())
        await controller.js.publish(subject_of(fact), fact.model_dump_json().encode(), stream="EVENTS", headers=headers)

        async def windows() -> WindowPage:
            found = await controller.call(MONITOR_WINDOWS, WindowsQuery(id=rule.id), timeout=5)
            assert isinstance(found, WindowPage)
            return found

        async def first() -> bool:
            return bool((await windows()).items)

        await eventually(first)
        (found,) = (await windows()).items
        assert (found.state, found.revision) == ("warning", 1)
        assert 0 < (found.value or 0) <= 1200
        await controller.call(RUN_MONITOR, MonitorQuery(id=rule.id), timeout=5)

        async def again() -> bool:
            return (await windows()).items[0].revision == 2

        await eventually(again)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app.close()
