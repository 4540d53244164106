"""results of retrainings

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
import shared.database
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'retraining_results',
        sa.Column('retraining_id', sa.Uuid(), nullable=False),
        sa.Column('service_id', sa.Uuid(), nullable=False),
        sa.Column('model', sa.String(length=255), nullable=False),
        sa.Column('model_version', sa.String(length=16), nullable=False),
        sa.Column('version', sa.String(length=63), nullable=True),
        sa.Column('canary_id', sa.Uuid(), nullable=True),
        sa.Column('message', sa.String(), nullable=True),
        sa.Column('created_at', shared.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['service_id'], ['services.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('retraining_id'),
    )
    with op.batch_alter_table('retraining_results', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_retraining_results_service_id'), ['service_id'], unique=False)
    with op.batch_alter_table('retraining_triggers', schema=None) as batch_op:
        batch_op.add_column(sa.Column('then', sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('retraining_triggers', schema=None) as batch_op:
        batch_op.drop_column('then')
    op.drop_table('retraining_results')
