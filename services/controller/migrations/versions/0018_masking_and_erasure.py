"""masking keys and erasures

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'masking_keys',
        sa.Column('project', sa.String(length=63), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('key_id', sa.String(length=16), nullable=False),
        sa.Column('sealed', sa.LargeBinary(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('project'),
    )
    op.create_table(
        'erasures',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('service', sa.String(length=63), nullable=False),
        sa.Column('project', sa.String(length=63), nullable=False),
        sa.Column('by', sa.String(length=32), nullable=False),
        sa.Column('column', sa.String(length=256), nullable=True),
        sa.Column('subjects', sa.JSON(), nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('is_finished', sa.Boolean(), nullable=False),
        sa.Column('receipt', sa.JSON(), nullable=True),
        sa.Column('creator', sa.String(length=63), nullable=False),
        sa.Column('ordered_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('final_by', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    with op.batch_alter_table('erasures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_erasures_is_finished'), ['is_finished'], unique=False)
        batch_op.create_index(batch_op.f('ix_erasures_service'), ['service'], unique=False)


def downgrade() -> None:
    op.drop_table('erasures')
    op.drop_table('masking_keys')
