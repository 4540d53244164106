"""requests in flight by router

Revision ID: 0005
Revises: 0004
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

KEYS = ('minute', 'service', 'version', 'pod')


def upgrade() -> None:
    """Nothing: sums that say no routers are those of before. Code of before cannot read those that do."""


def downgrade() -> None:
    columns = [sa.column(name) for name in KEYS]
    minutes = sa.table('traffic_minutes', *columns, sa.column('sums', sa.JSON()))
    for row in op.get_bind().execute(sa.select(minutes)).mappings().all():
        wanted = sa.and_(*(column == row[column.name] for column in columns))
        op.execute(sa.update(minutes).where(wanted).values(sums=_without_routers(row['sums'])))
    recent = sa.table('recent_samples', sa.column('id'), sa.column('kind'), sa.column('rows', sa.JSON()))
    of_traffic = sa.select(recent).where(recent.c.kind == 'traffic')
    for row in op.get_bind().execute(of_traffic).mappings().all():
        rows = [{**each, 'sums': _without_routers(each['sums'])} for each in _read(row['rows'])]
        op.execute(sa.update(recent).where(recent.c.id == row['id']).values(rows=rows))


def _without_routers(sums: Any) -> dict[str, Any]:
    return {name: value for name, value in _read(sums).items() if name != 'in_flight_by'}


def _read(found: Any) -> Any:
    return json.loads(found) if isinstance(found, str) else found
