"""what a pod has reported

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
import shared.database
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('pods', schema=None) as batch_op:
        batch_op.add_column(sa.Column('report_run', sa.Integer(), server_default=sa.text('-1'), nullable=False))
        batch_op.add_column(sa.Column('report_revision', sa.Integer(), server_default=sa.text('0'), nullable=False))



def downgrade() -> None:
    with op.batch_alter_table('pods', schema=None) as batch_op:
        batch_op.drop_column('report_revision')
        batch_op.drop_column('report_run')

