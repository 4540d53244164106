"""retraining triggers

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
import shared.database
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'retraining_triggers',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('service_id', sa.Uuid(), nullable=False),
        sa.Column('name', sa.String(length=63), nullable=False),
        sa.Column('on_alert', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('schedule', sa.String(length=128), nullable=True),
        sa.Column('action', sa.JSON(), nullable=False),
        sa.Column('secret', sa.String(length=63), nullable=True),
        sa.Column('model', sa.String(length=255), nullable=True),
        sa.Column('guards', sa.JSON(), nullable=False),
        sa.Column('time_limit_s', sa.Float(), nullable=False),
        sa.Column('paused', sa.Boolean(), nullable=False),
        sa.Column('creator', sa.String(length=63), nullable=False),
        sa.Column('created_at', shared.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column('updated_at', shared.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['service_id'], ['services.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('service_id', 'name'),
    )
    with op.batch_alter_table('retraining_triggers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_retraining_triggers_service_id'), ['service_id'], unique=False)


def downgrade() -> None:
    op.drop_table('retraining_triggers')
