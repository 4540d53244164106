"""runs of pods, for metering

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
import shared.database
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('runs',
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('pod', sqlmodel.sql.sqltypes.AutoString(length=160), nullable=False),
    sa.Column('run', sa.Integer(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('started_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.Column('is_exact', sa.Boolean(), nullable=False),
    sa.Column('alive_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('version_id', 'pod', 'run')
    )
    with op.batch_alter_table('runs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_runs_ended_at'), ['ended_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('runs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_runs_ended_at'))

    op.drop_table('runs')
