"""label sources

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
import shared.database
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('label_sources',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('position', sa.JSON(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(length=512), nullable=True),
    sa.Column('failing_since', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.Column('last_run_at', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.Column('requested_at', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('label_sources', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_label_sources_service'), ['service'], unique=False)
    op.create_table('label_source_files',
    sa.Column('source_id', sa.Uuid(), nullable=False),
    sa.Column('path', sqlmodel.sql.sqltypes.AutoString(length=1024), nullable=False),
    sa.Column('identity', sqlmodel.sql.sqltypes.AutoString(length=128), nullable=False),
    sa.PrimaryKeyConstraint('source_id', 'path')
    )
    op.create_table('label_runs',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('source_id', sa.Uuid(), nullable=False),
    sa.Column('run', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('label_runs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_label_runs_source_id'), ['source_id'], unique=False)


def downgrade() -> None:
    op.drop_table('label_runs')
    op.drop_table('label_source_files')
    op.drop_table('label_sources')
