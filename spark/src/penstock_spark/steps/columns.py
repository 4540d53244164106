"""Which columns a table gets for what the executors have found, each by itself. Pure.

Each executor sees some rows, and names the columns that the table lacks as if it were alone. Here one place decides, in
the order of the rows: as the embedded engine does, which sees them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from inference_logger.domain.inferences.names import FEATURE, KIND, NAME, PREDICTION, ROLE, ColumnRegistry
from inference_logger.domain.inferences.placing import MOST_SEEN_COLUMNS
from inference_logger.domain.inferences.signatures import Signature, SignatureKey
from inference_logger.domain.schema import INFERENCES_SCHEMA

Column = tuple[str, str, str]
"""Role, name and kind."""


def column_of(field: pa.Field) -> Column:
    """What a column that the step has made holds."""
    said = field.metadata or {}
    return said[ROLE].decode(), said[NAME].decode(), said[KIND].decode()


def new_fields(found: Iterable[pa.Field], known: Iterable[pa.Field]) -> list[pa.Field]:
    """Columns of rows that the table lacks, each once."""
    names = {field.name for field in known} | set(INFERENCES_SCHEMA.names)
    return list({field.name: field for field in found if field.name not in names}.values())


def signed_columns(signatures: Mapping[SignatureKey, Signature]) -> set[Column]:
    """Those that signatures name: they are made however many there are."""
    found: set[Column] = set()
    for signature in signatures.values():
        found |= {(FEATURE, name, kind) for name, kind in signature.inputs.items()}
        found |= {(PREDICTION, name, kind) for name, kind in signature.outputs.items()}
        if signature.output is not None:
            found.add((PREDICTION, "", signature.output))
    return found


def with_new_fields(
    known: Sequence[pa.Field], found: Iterable[Sequence[pa.Field]], signed: set[Column]
) -> list[pa.Field]:
    """The table's columns and the new ones. `found`: what the executors have named, in the order of their rows."""
    registry = ColumnRegistry(known)
    fields = list(known)
    for column in (column_of(field) for some in found for field in some):
        if registry.find(*column) is None and (column in signed or len(registry) < MOST_SEEN_COLUMNS):
            fields += [registry.add(*column).with_nullable(True)]
    return fields
