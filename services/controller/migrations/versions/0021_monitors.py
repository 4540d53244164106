"""quality rules

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'monitors',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('service_id', sa.Uuid(), nullable=False),
        sa.Column('name', sa.String(length=63), nullable=False),
        sa.Column('kind', sa.String(length=32), nullable=False),
        sa.Column('metric', sa.String(length=64), nullable=False),
        sa.Column('columns', sa.JSON(), nullable=False),
        sa.Column('baseline', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('baseline_path', sa.String(length=1024), nullable=True),
        sa.Column('baseline_root', sa.String(length=1024), nullable=True),
        sa.Column('window', sa.String(length=32), nullable=False),
        sa.Column('slice', sa.String(length=1024), nullable=True),
        sa.Column('schedule', sa.String(length=32), nullable=False),
        sa.Column('warning', sa.Float(), nullable=True),
        sa.Column('critical', sa.Float(), nullable=True),
        sa.Column('min_sample', sa.Integer(), nullable=False),
        sa.Column('windows', sa.String(length=16), nullable=False),
        sa.Column('delay', sa.String(length=32), nullable=False),
        sa.Column('outcome', sa.JSON(), nullable=False),
        sa.Column('alert', sa.String(length=16), nullable=False),
        sa.Column('paused', sa.Boolean(), nullable=False),
        sa.Column('is_default', sa.Boolean(), nullable=False),
        sa.Column('creator', sa.String(length=63), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['service_id'], ['services.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('service_id', 'name'),
    )
    with op.batch_alter_table('monitors', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_monitors_service_id'), ['service_id'], unique=False)


def downgrade() -> None:
    op.drop_table('monitors')
