"""positions per table, epochs of streams

The checkpoint of a stream stays what it is: a table without a position of its own is there. The names of the tables'
application transactions stay as well, until the stream is found set back.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
import shared.database
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('checkpoints') as batch_op:
        batch_op.add_column(sa.Column('epoch', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('stored_at', shared.database.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('doubtful_until', shared.database.UtcDateTime(timezone=True), nullable=True))
    op.create_table('table_positions',
    sa.Column('location', sqlmodel.sql.sqltypes.AutoString(length=1024), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('destination', sqlmodel.sql.sqltypes.AutoString(length=1024), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('stream', sqlmodel.sql.sqltypes.AutoString(length=160), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(length=512), nullable=False),
    sa.Column('since', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('stream_bytes', sa.BigInteger(), nullable=False),
    sa.Column('parked_upto', sa.BigInteger(), nullable=False),
    sa.Column('dropped', sa.BigInteger(), nullable=False),
    sa.Column('moved', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('location')
    )
    with op.batch_alter_table('table_positions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_table_positions_service'), ['service'], unique=False)


def downgrade() -> None:
    op.drop_table('table_positions')
    with op.batch_alter_table('checkpoints') as batch_op:
        batch_op.drop_column('doubtful_until')
        batch_op.drop_column('stored_at')
        batch_op.drop_column('epoch')
