"""supervised jobs

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
import shared.database
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'jobs',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('service', sa.String(length=63), nullable=False),
        sa.Column('order', sa.JSON(), nullable=False),
        sa.Column('state', sa.JSON(), nullable=False),
        sa.Column('is_cancelled', sa.Boolean(), nullable=False),
        sa.Column('ordered_at', shared.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column('ended_at', shared.database.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_jobs_ended_at'), ['ended_at'], unique=False)


def downgrade() -> None:
    op.drop_table('jobs')
