"""label sources

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'label_sources',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('service_id', sa.Uuid(), nullable=False),
        sa.Column('name', sa.String(length=63), nullable=False),
        sa.Column('format', sa.String(length=16), nullable=False),
        sa.Column('location', sa.String(length=1024), nullable=True),
        sa.Column('root', sa.String(length=1024), nullable=True),
        sa.Column('query', sa.String(), nullable=True),
        sa.Column('secret', sa.String(length=63), nullable=True),
        sa.Column('growing', sa.String(length=256), nullable=True),
        sa.Column('key', sa.JSON(), nullable=False),
        sa.Column('row', sa.String(length=256), nullable=True),
        sa.Column('label', sa.JSON(), nullable=False),
        sa.Column('labelled_at', sa.String(length=256), nullable=True),
        sa.Column('schedule', sa.String(length=128), nullable=True),
        sa.Column('paused', sa.Boolean(), nullable=False),
        sa.Column('creator', sa.String(length=63), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['service_id'], ['services.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('service_id', 'name'),
    )
    with op.batch_alter_table('label_sources', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_label_sources_service_id'), ['service_id'], unique=False)


def downgrade() -> None:
    op.drop_table('label_sources')
