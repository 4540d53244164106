"""retrainings

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
import shared.database
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'retraining_triggers',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('service_id', sa.Uuid(), nullable=False),
        sa.Column('definition', sa.JSON(), nullable=False),
        sa.Column('next_at', shared.database.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )
    with op.batch_alter_table('retraining_triggers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_retraining_triggers_service_id'), ['service_id'], unique=False)
    op.create_table(
        'retrainings',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('key', sa.String(length=64), nullable=False),
        sa.Column('slot', sa.Uuid(), nullable=True),
        sa.Column('service_id', sa.Uuid(), nullable=False),
        sa.Column('trigger_id', sa.Uuid(), nullable=False),
        sa.Column('cause', sa.String(length=16), nullable=False),
        sa.Column('state', sa.String(length=16), nullable=False),
        sa.Column('reason', sa.String(length=64), nullable=True),
        sa.Column('message', sa.String(), nullable=True),
        sa.Column('definition', sa.JSON(), nullable=False),
        sa.Column('evidence', sa.JSON(), nullable=False),
        sa.Column('run', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('model', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('is_checked', sa.Boolean(), nullable=False),
        sa.Column('is_forced', sa.Boolean(), nullable=False),
        sa.Column('is_cancelling', sa.Boolean(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('next_at', shared.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column('requested_at', shared.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column('started_at', shared.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column('done_at', shared.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column('ended_at', shared.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column('gives_up_at', shared.database.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('key'),
        sa.UniqueConstraint('slot'),
    )
    with op.batch_alter_table('retrainings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_retrainings_service_id'), ['service_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_retrainings_state'), ['state'], unique=False)
        batch_op.create_index(batch_op.f('ix_retrainings_ended_at'), ['ended_at'], unique=False)


def downgrade() -> None:
    op.drop_table('retrainings')
    op.drop_table('retraining_triggers')
