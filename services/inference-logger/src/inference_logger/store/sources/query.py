"""The rows of a query on PostgreSQL: in one transaction that may only read, a few thousand at a time. Blocking.

With a column that only grows, rows below the highest value that was read are left out; those that have it are read
again, since more of them may have come. The password is in no message.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from inference_logger.domain.labels.sources import staged_schema
from inference_logger.domain.labels.tabular import LabelColumns, require_columns
from inference_logger.domain.waiting import error_reason
from inference_logger.store.labels.parquet import require_distinct
from inference_logger.store.sources.files import Reading
from inference_logger.store.sources.postgresql_values import (
    arrow_type,
    fetched_column,
    position_value,
    quoted_column,
    record_batch,
    stored_position,
)
from inference_logger.store.sources.staging import BATCH_ROWS, ROUND_ROWS, Bounds, Stage
from shared.contracts.inference_tables.label_sources import DatabaseAccess
from shared.database_urls import DatabaseUrl, parse_database_url
from shared.errors import Forbidden, InvalidInput, LimitExceeded, PenstockError, UpstreamFailed
from shared.security.addresses import AddressRule
from shared.security.redaction import redact

if TYPE_CHECKING:
    from psycopg import Connection, RawServerCursor

CONNECT_WITHIN_S = 10
LONGEST_REASON = 300


@dataclass(frozen=True)
class SourceQuery:
    """A query, the column of it that only grows, and where it is run."""

    text: str
    growing: str | None
    access: DatabaseAccess

    def read(self, columns: LabelColumns, position: Mapping[str, Any], bounds: Bounds) -> Reading:
        """Its rows from `position` on. Raises `PenstockError`, whose message says what is wrong."""
        try:
            url = parse_database_url(self.access.url)
        except ValueError as error:
            raise InvalidInput(f"the secret's url {error}") from None
        addresses = _addresses(url, self.access.allowed)
        reading = Reading(Stage(columns, bounds), dict(position))
        try:
            _Session(self, url, addresses, reading, bounds).read()
        except PenstockError:
            reading.stage.close()
            raise
        except Exception as error:  # noqa: BLE001 - whatever the driver raises: it is this source's alone
            reading.stage.close()
            bounds.check_time()
            raise UpstreamFailed(_reason(url, error)) from None
        return reading


def _addresses(url: DatabaseUrl, allowed: Sequence[str]) -> list[str]:
    """What its host means now: that is connected to, whatever it means a moment later."""
    try:
        found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except OSError:
        raise UpstreamFailed(f"the host {url.host} cannot be resolved") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    rule = AddressRule.of(allowed)
    if not all(rule.allows(url.host, address) for address in addresses):
        why = "is not a public address: an administrator can allow it with CONTROLLER_ALLOWED_DATABASES"
        raise Forbidden(f"{url.host} {why}")
    return addresses


def _reason(url: DatabaseUrl, error: BaseException) -> str:
    """The first line of what the server or the driver says."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    secrets = [url.password] if url.password else []
    return error_reason(RuntimeError(f"the database says: {redact(secrets, text)[:LONGEST_REASON]}"))


@dataclass
class _Session:
    query: SourceQuery
    url: DatabaseUrl
    addresses: Sequence[str]
    reading: Reading
    bounds: Bounds
    _last: Any = None
    _rows: int = 0

    def read(self) -> None:
        with contextlib.closing(self._connect()) as connection:
            connection.read_only = True
            with _cut_off_after(self.bounds.left_s, connection.fileno()), connection.transaction():
                self._stage(connection)

    def _connect(self) -> Connection[Any]:
        import psycopg  # noqa: PLC0415 - not needed where no query is read

        return psycopg.connect(
            host=",".join([self.url.host] * len(self.addresses)),
            hostaddr=",".join(self.addresses),
            port=str(self.url.port),
            dbname=self.url.database,
            user=self.url.user,
            password=self.url.password,
            sslmode=self.url.sslmode,
            sslrootcert="system" if self.url.sslmode == "verify-full" else None,
            connect_timeout=max(2, min(CONNECT_WITHIN_S, int(self.bounds.left_s))),
            application_name="penstock label source",
            passfile=os.devnull,
        )

    def _stage(self, connection: Connection[Any]) -> None:
        from psycopg import RawServerCursor  # noqa: PLC0415

        connection.execute(f"SET LOCAL statement_timeout = {max(1, int(self.bounds.left_s * 1000))}".encode())
        columns = self.reading.stage.columns
        with RawServerCursor(connection, "label_columns") as cursor:  # nothing is fetched of it
            cursor.execute(f"SELECT * FROM (\n{self.query.text}\n) AS source".encode())  # noqa: S608 - their query
            names = [each.name for each in cursor.description or []]
            require_columns(names, columns)
            found = [each for each in cursor.description or [] if each.name in columns.needed]
            require_distinct([each.name for each in found])
            schema = pa.schema([(each.name, arrow_type(each)) for each in found])
            staged_schema(schema, columns)
            shown = [fetched_column(each) for each in found]
            shown += [fetched_column(each) for each in cursor.description or [] if each.name == self.query.growing]
        with RawServerCursor(connection, "label_source") as cursor:
            self._execute(cursor, shown)
            self.reading.stage.add(schema, self._batches(cursor, schema))
        self._note_position()

    def _execute(self, cursor: RawServerCursor[Any], shown: Sequence[str]) -> None:
        """The server takes one statement alone: what stands in the query is none of another one."""
        growing, values = self.query.growing, None
        text = f"SELECT {', '.join(shown)} FROM (\n{self.query.text}\n) AS source"  # noqa: S608 - it is their query
        if growing is not None:
            column = quoted_column(growing)
            start = position_value(self.reading.position, growing)
            values = None if start is None else [start]
            text += f" WHERE {column} {'IS NOT NULL' if start is None else '>= $1'} ORDER BY {column}"
        cursor.execute(text.encode(), values)

    def _batches(self, cursor: RawServerCursor[Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        growing, size = self.query.growing, max(1, BATCH_ROWS * 4 // max(4, len(schema)))
        while rows := cursor.fetchmany(size):
            self.bounds.check_time()
            self._rows += len(rows)
            if growing is not None:
                self._last = rows[-1][-1]
            yield record_batch(rows, schema)
            if growing is not None and self._rows >= ROUND_ROWS and len(rows) == size:
                self.reading.is_complete = False
                return

    def _note_position(self) -> None:
        if self.query.growing is None or self._last is None:
            return
        before = dict(self.reading.position)
        self.reading.position = {"column": self.query.growing, **stored_position(self._last)}
        if not self.reading.is_complete and before == self.reading.position:
            raise LimitExceeded(f"more than {ROUND_ROWS:,} rows have the same {self.query.growing}")


@contextlib.contextmanager
def _cut_off_after(seconds: float, descriptor: int) -> Iterator[None]:
    """End a connection whose server does not answer by then: whoever waits for it gets an error."""
    with socket.socket(fileno=os.dup(descriptor)) as connection:

        def cut_off() -> None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

        watchdog = threading.Timer(seconds, cut_off)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()
            watchdog.join()
