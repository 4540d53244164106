"""canaries

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'canaries',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('service_id', sa.Uuid(), nullable=False),
        sa.Column('version', sa.String(length=63), nullable=False),
        sa.Column('stable', sa.String(length=63), nullable=True),
        sa.Column('plan', sa.JSON(), nullable=False),
        sa.Column('phase', sa.String(length=16), nullable=False),
        sa.Column('step', sa.Integer(), nullable=False),
        sa.Column('weight', sa.Integer(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('stages', sa.JSON(), nullable=False),
        sa.Column('baseline', sa.JSON(), nullable=True),
        sa.Column('preflight', sa.JSON(), nullable=True),
        sa.Column('generations', sa.JSON(), nullable=False),
        sa.Column('traffic_revision', sa.Integer(), nullable=True),
        sa.Column('creator', sa.String(length=63), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('step_started_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('stops_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['service_id'], ['services.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
    )
    with op.batch_alter_table('canaries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_canaries_service_id'), ['service_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_canaries_phase'), ['phase'], unique=False)
        batch_op.create_index(batch_op.f('ix_canaries_stops_at'), ['stops_at'], unique=False)
    op.create_table(
        'canary_verdicts',
        sa.Column('canary_id', sa.Uuid(), nullable=False),
        sa.Column('step', sa.Integer(), nullable=False),
        sa.Column('weight', sa.Integer(), nullable=False),
        sa.Column('waits_for', sa.String(), nullable=False),
        sa.Column('verdict', sa.JSON(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['canary_id'], ['canaries.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('canary_id', 'step'),
    )
    with op.batch_alter_table('services', schema=None) as batch_op:
        batch_op.add_column(sa.Column('traffic_revision', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('cohort', sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('services', schema=None) as batch_op:
        batch_op.drop_column('cohort')
        batch_op.drop_column('traffic_revision')
    op.drop_table('canary_verdicts')
    op.drop_table('canaries')
