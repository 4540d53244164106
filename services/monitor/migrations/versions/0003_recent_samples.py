"""recent samples

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('recent_samples',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('step', sa.Integer(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('rows', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('recent_samples', schema=None) as batch_op:
        batch_op.create_index('ix_recent_samples_service', ['service', 'kind', 'step'], unique=False)
        batch_op.create_index(batch_op.f('ix_recent_samples_step'), ['step'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('recent_samples', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_recent_samples_step'))
        batch_op.drop_index('ix_recent_samples_service')

    op.drop_table('recent_samples')
