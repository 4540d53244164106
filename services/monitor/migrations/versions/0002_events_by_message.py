"""events by message

Revision ID: 0002
Revises: 0001
"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

OLD, NEW = 'uq_events_resource_reason', 'uq_events_resource_reason_message'
RESOURCE = ['service', 'kind', 'name', 'reason']
EVENTS = sa.table('events', *(sa.column(name) for name in ('id', *RESOURCE, 'message', 'digest', 'last_seen')))


def upgrade() -> None:
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.add_column(sa.Column('digest', sa.String(length=64), nullable=True))
    bind = op.get_bind()
    for row_id, message in bind.execute(sa.select(EVENTS.c.id, EVENTS.c.message)).all():
        digest = hashlib.sha256(message.encode()).hexdigest()
        bind.execute(sa.update(EVENTS).where(EVENTS.c.id == row_id).values(digest=digest))
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.alter_column('digest', existing_type=sa.String(length=64), nullable=False)
        batch_op.drop_constraint(OLD, type_='unique')
        batch_op.create_unique_constraint(NEW, [*RESOURCE, 'digest'])


def downgrade() -> None:
    # One line for each reason again: the newest stays.
    columns = [EVENTS.c[name] for name in RESOURCE]
    place = sa.func.row_number().over(partition_by=columns, order_by=[EVENTS.c.last_seen.desc(), EVENTS.c.id.desc()])
    ranked = sa.select(EVENTS.c.id, place.label('place')).subquery()
    older = sa.select(ranked.c.id).where(ranked.c.place > 1)
    op.get_bind().execute(sa.delete(EVENTS).where(EVENTS.c.id.in_(older)))
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.drop_constraint(NEW, type_='unique')
        batch_op.create_unique_constraint(OLD, RESOURCE)
        batch_op.drop_column('digest')
