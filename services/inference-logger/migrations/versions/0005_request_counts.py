"""counts of the request log: what routers counted, what was lost, what is stored

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
import shared.database
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('lost_records',
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('minute', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
    sa.Column('records', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('service', 'minute', 'reason')
    )
    op.create_table('request_counts',
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('minute', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('logged', sa.BigInteger(), nullable=False),
    sa.Column('dropped', sa.JSON(), nullable=False),
    sa.Column('is_complete', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'service', 'minute')
    )
    with op.batch_alter_table('request_counts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_request_counts_minute'), ['minute'], unique=False)
        batch_op.create_index(batch_op.f('ix_request_counts_service'), ['service'], unique=False)
    op.create_table('stored_minutes',
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('minute', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('records', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('service', 'minute')
    )


def downgrade() -> None:
    op.drop_table('stored_minutes')
    with op.batch_alter_table('request_counts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_request_counts_service'))
        batch_op.drop_index(batch_op.f('ix_request_counts_minute'))
    op.drop_table('request_counts')
    op.drop_table('lost_records')
