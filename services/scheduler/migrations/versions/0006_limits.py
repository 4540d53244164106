"""whether pods are limited

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
import shared.database
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('pods', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_limited', sa.Boolean(), server_default=sa.false(), nullable=False))



def downgrade() -> None:
    with op.batch_alter_table('pods', schema=None) as batch_op:
        batch_op.drop_column('is_limited')

