"""roll-over under way

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('deployments', schema=None) as batch_op:
        batch_op.add_column(sa.Column('rollover', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('rollover_failed_announced', sa.Integer(), nullable=False, server_default='0'))
    with op.batch_alter_table('deployments', schema=None) as batch_op:
        batch_op.alter_column('rollover_failed_announced', server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('deployments', schema=None) as batch_op:
        batch_op.drop_column('rollover_failed_announced')
        batch_op.drop_column('rollover')
