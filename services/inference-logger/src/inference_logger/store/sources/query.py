"""The rows of a query on PostgreSQL: in one transaction that may only read, a few thousand at a time. Blocking.

With a column that only grows, rows below the highest value that was read are left out; those that have it are read
again, since more of them may have come. The password is in no message.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa

from inference_logger.domain.labels.sources import staged_schema
from inference_logger.domain.labels.tabular import LabelColumns, require_columns
from inference_logger.domain.labels.values import LONGEST_TEXT
from inference_logger.domain.waiting import error_reason
from inference_logger.store.labels.parquet import require_distinct
from inference_logger.store.sources.files import Reading
from inference_logger.store.sources.staging import BATCH_ROWS, ROUND_ROWS, Bounds, Stage
from shared.contracts.label_sources import DatabaseAccess
from shared.database_urls import DatabaseUrl, parse_database_url
from shared.errors import Forbidden, InvalidInput, LimitExceeded, PenstockError, UpstreamFailed
from shared.security.addresses import AddressRule
from shared.security.redaction import redact

if TYPE_CHECKING:
    from psycopg import Connection, RawServerCursor

CONNECT_WITHIN_S = 10
LONGEST_REASON = 300
_TYPES = {
    16: pa.bool_(),
    **dict.fromkeys((20, 21, 23), pa.int64()),
    **dict.fromkeys((700, 701), pa.float64()),
    **dict.fromkeys((19, 25, 1042, 1043, 2950, 3802), pa.string()),
    **dict.fromkeys((1082, 1114, 1184), pa.timestamp("us", "UTC")),
}
"""By PostgreSQL's numbers of types: bool, integers, floats, texts and uuid, dates and times."""
_NUMERIC, _JSONB = 1700, 3802
_LONG_TEXTS = frozenset({25, 1042, 1043})


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
            schema = pa.schema([(each.name, _type_of(each)) for each in found])
            staged_schema(schema, columns)
            shown = [_shown(each) for each in found]
            shown += [_shown(each) for each in cursor.description or [] if each.name == self.query.growing]
        with RawServerCursor(connection, "label_source") as cursor:
            self._execute(cursor, shown)
            self.reading.stage.add(schema, self._batches(cursor, schema))
        self._note_position()

    def _execute(self, cursor: RawServerCursor[Any], shown: Sequence[str]) -> None:
        """The server takes one statement alone: what stands in the query is none of another one."""
        growing, values = self.query.growing, None
        text = f"SELECT {', '.join(shown)} FROM (\n{self.query.text}\n) AS source"  # noqa: S608 - it is their query
        if growing is not None:
            column = _quoted(growing)
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
            yield _batch(rows, schema)
            if growing is not None and self._rows >= ROUND_ROWS and len(rows) == size:
                self.reading.is_complete = False
                return

    def _note_position(self) -> None:
        if self.query.growing is None or self._last is None:
            return
        before = dict(self.reading.position)
        self.reading.position = {"column": self.query.growing, **_stored(self._last)}
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


def _type_of(column: Any) -> pa.DataType:
    found = _TYPES.get(column.type_code)
    if column.type_code == _NUMERIC:
        return pa.int64() if column.scale == 0 and (column.precision or 99) <= 18 else pa.float64()
    return found if found is not None else pa.binary()  # of no use, unless nobody wants it


def _quoted(name: str) -> str:
    return f'source."{name.replace(chr(34), chr(34) * 2)}"'


def _shown(column: Any) -> str:
    """What is fetched of it: of a text no more than tells that it is too long, since rows come many at a time."""
    if column.type_code == _JSONB:
        return f"left({_quoted(column.name)} #>> '{{}}', {LONGEST_TEXT + 1})"
    is_text = column.type_code in _LONG_TEXTS
    return f"left({_quoted(column.name)}::text, {LONGEST_TEXT + 1})" if is_text else _quoted(column.name)


def _batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array([_plain(row[place], each.type) for row in rows], each.type) for place, each in enumerate(schema)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _plain(found: Any, kind: pa.DataType) -> Any:
    if found is None or pa.types.is_binary(kind):
        return None
    if isinstance(found, Decimal):
        return int(found) if pa.types.is_integer(kind) else float(found)
    if isinstance(found, datetime):
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    if isinstance(found, date):
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    return str(found) if pa.types.is_string(kind) else found


def _stored(value: Any) -> dict[str, Any]:
    """A value of a growing column, as it is kept."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str, datetime, date, UUID)):
        raise InvalidInput("the growing column is neither a number, a text nor a time")
    text = value.isoformat() if isinstance(value, (datetime, date)) else str(value)
    return {"kind": type(value).__name__, "value": text}


_READ: Mapping[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "Decimal": Decimal,
    "str": str,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "UUID": UUID,
}


def position_value(position: Mapping[str, Any], growing: str) -> Any:
    """The inverse of what is kept; None: from the beginning."""
    if position.get("column") != growing or position.get("kind") not in _READ:
        return None
    return _READ[position["kind"]](position["value"])
