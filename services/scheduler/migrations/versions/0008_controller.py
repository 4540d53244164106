"""which database the controller has

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
import shared.database
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'controller',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('store', sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )


def downgrade() -> None:
    op.drop_table('controller')
