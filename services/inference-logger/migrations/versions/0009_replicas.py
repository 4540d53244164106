"""replicas

Revision ID: 0009
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'replicas',
        sa.Column('name', sa.String(length=128), nullable=False),
        sa.Column('process', sa.String(length=36), nullable=False),
        sa.Column('beat', sa.BigInteger(), nullable=False),
        sa.Column('sequence', sa.BigInteger(), nullable=False),
        sa.Column('stored_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('name'),
    )
    op.create_table(
        'assignments',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('epoch', sa.BigInteger(), nullable=False),
        sa.Column('stream', sa.String(length=160), nullable=False),
        sa.Column('members', sa.JSON(), nullable=False),
        sa.Column('layers', sa.JSON(), nullable=False),
        sa.Column('home', sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )


def downgrade() -> None:
    op.drop_table('assignments')
    op.drop_table('replicas')
