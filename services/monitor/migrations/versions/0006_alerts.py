"""alerts

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
import shared.database
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alerting_definitions',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('revision', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('content', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('received_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('alerts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
    sa.Column('open_key', sqlmodel.sql.sqltypes.AutoString(length=32), nullable=True),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('project', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=True),
    sa.Column('monitor', sqlmodel.sql.sqltypes.AutoString(length=160), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('labels', sa.JSON(), nullable=False),
    sa.Column('severity', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('summary', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('evidence', sa.JSON(), nullable=False),
    sa.Column('opened_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('seen_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('resolved_at', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.Column('resolved_why', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('acknowledged_at', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.Column('acknowledged_by', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=True),
    sa.Column('comment', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('silenced_by', sqlmodel.sql.sqltypes.AutoString(length=160), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('due_at', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('open_key')
    )
    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alerts_due_at'), ['due_at'], unique=False)
        batch_op.create_index('ix_alerts_fingerprint_id', ['fingerprint', 'id'], unique=False)
        batch_op.create_index('ix_alerts_service_id', ['service', 'id'], unique=False)
        batch_op.create_index('ix_alerts_state_id', ['state', 'id'], unique=False)

    op.create_table('channel_states',
    sa.Column('channel_id', sa.Uuid(), nullable=False),
    sa.Column('definition', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('since', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.Column('next_at', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.Column('tokens', sa.Float(), nullable=False),
    sa.Column('tokens_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('last_sent_at', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('channel_id')
    )
    op.create_table('deliveries',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('alert_id', sa.Uuid(), nullable=False),
    sa.Column('channel_id', sa.Uuid(), nullable=False),
    sa.Column('channel', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('severity', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('message_id', sa.Uuid(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('created_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.Column('outcome', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.ForeignKeyConstraint(['alert_id'], ['alerts.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('seq'),
    sa.UniqueConstraint('alert_id', 'channel_id', 'number', name='uq_deliveries_alert_channel_number'),
    sa.UniqueConstraint('id')
    )
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_deliveries_channel_state_seq', ['channel_id', 'state', 'seq'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_channel_state_seq')

    op.drop_table('deliveries')
    op.drop_table('channel_states')
    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.drop_index('ix_alerts_state_id')
        batch_op.drop_index('ix_alerts_service_id')
        batch_op.drop_index('ix_alerts_fingerprint_id')
        batch_op.drop_index(batch_op.f('ix_alerts_due_at'))

    op.drop_table('alerts')
    op.drop_table('alerting_definitions')
