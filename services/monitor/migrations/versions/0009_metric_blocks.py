"""metric blocks

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('measured_samples',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('step', sa.Integer(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('rows', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('measured_samples', schema=None) as batch_op:
        batch_op.create_index('ix_measured_samples_service', ['service', 'kind', 'step'], unique=False)
        batch_op.create_index(batch_op.f('ix_measured_samples_step'), ['step'], unique=False)
    op.create_table('packed_samples',
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('upto', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('service')
    )
    op.create_table('metric_blocks',
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('step_s', sa.Integer(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('start', sa.Integer(), nullable=False),
    sa.Column('is_rolled', sa.Boolean(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'step_s', 'service', 'start')
    )
    with op.batch_alter_table('metric_blocks', schema=None) as batch_op:
        batch_op.create_index('ix_metric_blocks_rolled', ['is_rolled', 'start'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('metric_blocks', schema=None) as batch_op:
        batch_op.drop_index('ix_metric_blocks_rolled')
    op.drop_table('metric_blocks')
    op.drop_table('packed_samples')
    with op.batch_alter_table('measured_samples', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_measured_samples_step'))
        batch_op.drop_index('ix_measured_samples_service')
    op.drop_table('measured_samples')
