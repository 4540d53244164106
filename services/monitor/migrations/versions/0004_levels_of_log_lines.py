"""levels of log lines

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Lines that are there get the mark of those whose level is looked for as they are read.
    op.add_column('log_lines', sa.Column('level', sa.String(length=8), nullable=False, server_default='?'))
    op.drop_index('ix_log_lines_service_id', table_name='log_lines')
    op.create_index('ix_log_lines_service_id_level', 'log_lines', ['service', 'id', 'level'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_log_lines_service_id_level', table_name='log_lines')
    op.create_index('ix_log_lines_service_id', 'log_lines', ['service', 'id'], unique=False)
    op.drop_column('log_lines', 'level')
