"""erasures

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'erasures',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('done', sa.JSON(), nullable=False),
        sa.Column('first_pass_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_pass_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('next_pass_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('waiting_for', sa.String(), nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )


def downgrade() -> None:
    op.drop_table('erasures')
