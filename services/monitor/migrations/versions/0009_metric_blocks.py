"""metric blocks

Revision ID: 0009
Revises: 0008
"""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('measured_samples',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('step', sa.Integer(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('rows', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('measured_samples', schema=None) as batch_op:
        batch_op.create_index('ix_measured_samples_service', ['service', 'kind', 'step'], unique=False)
        batch_op.create_index(batch_op.f('ix_measured_samples_step'), ['step'], unique=False)
    op.create_table('packed_samples',
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('upto', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('service')
    )
    op.create_table('metric_blocks',
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('step_s', sa.Integer(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('start', sa.Integer(), nullable=False),
    sa.Column('is_rolled', sa.Boolean(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'step_s', 'service', 'start')
    )
    with op.batch_alter_table('metric_blocks', schema=None) as batch_op:
        batch_op.create_index('ix_metric_blocks_rolled', ['is_rolled', 'start'], unique=False)


def downgrade() -> None:
    _unpack()
    with op.batch_alter_table('metric_blocks', schema=None) as batch_op:
        batch_op.drop_index('ix_metric_blocks_rolled')
    op.drop_table('metric_blocks')
    op.drop_table('packed_samples')
    with op.batch_alter_table('measured_samples', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_measured_samples_step'))
        batch_op.drop_index('ix_measured_samples_service')
    op.drop_table('measured_samples')


KEYS = ('minute', 'service', 'version', 'pod')
TABLES = {'traffic': 'traffic_minutes', 'usage': 'usage_minutes', 'replicas': 'replicas_minutes'}


def _unpack() -> None:
    """Minutes in blocks become rows again, percentiles in 16 buckets; what is in no block yet (a minute) is lost."""
    columns = ('kind', 'service', 'start', 'data', 'step_s')
    blocks = sa.table('metric_blocks', *(sa.column(name) for name in columns))
    bind = op.get_bind()
    by_minute = sa.select(blocks.c.service, blocks.c.start).where(blocks.c.step_s == 60).distinct()
    for service, start in bind.execute(by_minute).all():
        wanted = sa.select(blocks.c.kind, blocks.c.data).where(
            blocks.c.step_s == 60, blocks.c.service == service, blocks.c.start == start
        )
        _store(service, start, dict(bind.execute(wanted).all()))


def _store(service: str, start: int, blocks: dict[str, bytes]) -> None:
    from monitor.domain.metrics.blocks import unpack
    from monitor.domain.metrics.fields import sums_of_fields

    found: dict[str, dict[Any, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for kind, data in blocks.items():
        entries = unpack(data, service, start, 60)
        arrays = (entries.at.tolist(), entries.owner.tolist(), entries.field.tolist(), entries.values.tolist())
        for at, owner, field, value in zip(*arrays, strict=True):
            row = found['traffic' if kind == 'latency' else kind][at, *entries.series[owner]]
            row[entries.fields[field]] = value
    for kind, rows in found.items():
        table = sa.table(TABLES[kind], *(sa.column(name) for name in KEYS), sa.column('sums', sa.JSON()))
        of_hour = sa.and_(table.c.service == service, table.c.minute >= start, table.c.minute < start + 3600)
        there = {tuple(key) for key in op.get_bind().execute(sa.select(*(table.c[name] for name in KEYS)).where(of_hour))}
        new = [
            dict(zip(KEYS, key, strict=True)) | {'sums': _sums_of_before(sums_of_fields(kind, fields))}  # type: ignore[arg-type]
            for key, fields in rows.items()
            if key not in there
        ]
        if new:
            op.get_bind().execute(sa.insert(table), new)


def _sums_of_before(sums: Any) -> dict[str, Any]:
    from shared.contracts.metrics.latency_bins import histogram_of

    found = dict(vars(sums))
    if 'latency_bins' in found:
        found['latency_counts'] = list(histogram_of(found.pop('latency_bins')))
    return found
