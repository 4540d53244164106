"""runs of pods, for metering; scopes and last use of API keys

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
import shared.database
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('pod_runs',
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('pod', sqlmodel.sql.sqltypes.AutoString(length=160), nullable=False),
    sa.Column('run', sa.Integer(), nullable=False),
    sa.Column('service_id', sa.Uuid(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('version', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('project', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('spec', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('resource_group', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=True),
    sa.Column('node', sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
    sa.Column('cpu', sa.Float(), nullable=False),
    sa.Column('memory_gb', sa.Float(), nullable=False),
    sa.Column('gpu', sa.Integer(), nullable=False),
    sa.Column('price', sa.Float(), nullable=False),
    sa.Column('started_ms', sa.BigInteger(), nullable=False),
    sa.Column('ended_ms', sa.BigInteger(), nullable=True),
    sa.Column('is_exact', sa.Boolean(), nullable=False),
    sa.Column('alive_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('version_id', 'pod', 'run')
    )
    with op.batch_alter_table('pod_runs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_pod_runs_ended_ms'), ['ended_ms'], unique=False)
        batch_op.create_index(batch_op.f('ix_pod_runs_project'), ['project'], unique=False)
        batch_op.create_index(batch_op.f('ix_pod_runs_service'), ['service'], unique=False)
        batch_op.create_index('ix_pod_runs_times', ['started_ms', 'ended_ms'], unique=False)

    with op.batch_alter_table('api_keys', schema=None) as batch_op:
        batch_op.add_column(sa.Column('scopes', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('last_used_at', shared.database.UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('api_keys', schema=None) as batch_op:
        batch_op.drop_column('last_used_at')
        batch_op.drop_column('scopes')

    op.drop_table('pod_runs')
