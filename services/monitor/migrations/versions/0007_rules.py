"""quality rules

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

TIME = shared.database.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        'rule_windows',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('monitor_id', sa.Uuid(), nullable=False),
        sa.Column('start_at', TIME, nullable=False),
        sa.Column('end_at', TIME, nullable=False),
        sa.Column('column', sa.String(length=512), nullable=True),
        sa.Column('slice', sa.String(length=2048), nullable=True),
        sa.Column('state', sa.String(length=24), nullable=False),
        sa.Column('value', sa.Float(), nullable=True),
        sa.Column('threshold', sa.Float(), nullable=True),
        sa.Column('rows', sa.Integer(), nullable=False),
        sa.Column('reason', sa.String(), nullable=True),
        sa.Column('details', sa.JSON(), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.Column('evaluated_at', TIME, nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('retry_at', TIME, nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )
    with op.batch_alter_table('rule_windows', schema=None) as batch_op:
        batch_op.create_index('ix_rule_windows_monitor_end', ['monitor_id', 'end_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_rule_windows_end_at'), ['end_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_rule_windows_retry_at'), ['retry_at'], unique=False)
    op.create_table(
        'rule_progress',
        sa.Column('monitor_id', sa.Uuid(), nullable=False),
        sa.Column('service', sa.String(length=63), nullable=False),
        sa.Column('monitor', sa.String(length=63), nullable=False),
        sa.Column('evaluated_until', TIME, nullable=True),
        sa.Column('evaluated_at', TIME, nullable=True),
        sa.Column('state', sa.String(length=24), nullable=True),
        sa.Column('reason', sa.String(), nullable=True),
        sa.Column('labels_version', sa.Integer(), nullable=True),
        sa.Column('labels_seen_at', TIME, nullable=True),
        sa.PrimaryKeyConstraint('monitor_id'),
    )
    op.create_table(
        'rule_baselines',
        sa.Column('monitor_id', sa.Uuid(), nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('rows', sa.Integer(), nullable=False),
        sa.Column('data', sa.LargeBinary(), nullable=False),
        sa.Column('made_at', TIME, nullable=False),
        sa.PrimaryKeyConstraint('monitor_id', 'digest'),
    )


def downgrade() -> None:
    op.drop_table('rule_baselines')
    op.drop_table('rule_progress')
    op.drop_table('rule_windows')
