"""destinations

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'destinations',
        sa.Column('name', sa.String(length=63), nullable=False),
        sa.Column('project', sa.String(length=63), nullable=True),
        sa.Column('url', sa.String(length=1024), nullable=False),
        sa.Column('endpoint', sa.String(length=512), nullable=True),
        sa.Column('region', sa.String(length=63), nullable=False),
        sa.Column('path_style', sa.Boolean(), nullable=False),
        sa.Column('secret', sa.String(length=63), nullable=True),
        sa.Column('creator', sa.String(length=63), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['project'], ['projects.name']),
        sa.PrimaryKeyConstraint('name'),
        sa.UniqueConstraint('url'),
    )
    with op.batch_alter_table('destinations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_destinations_project'), ['project'], unique=False)


def downgrade() -> None:
    op.drop_table('destinations')
