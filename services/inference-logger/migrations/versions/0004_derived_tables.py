"""signatures of models, derived tables that cannot be written

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
import shared.database
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('model_signatures',
    sa.Column('version_id', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('generation', sa.BigInteger(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('inputs', sa.Text(), nullable=True),
    sa.Column('outputs', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('version_id', 'generation')
    )
    with op.batch_alter_table('model_signatures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_model_signatures_service'), ['service'], unique=False)
    op.create_table('blocked_derivations',
    sa.Column('location', sqlmodel.sql.sqltypes.AutoString(length=1024), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('destination', sqlmodel.sql.sqltypes.AutoString(length=1024), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(length=512), nullable=False),
    sa.Column('since', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('location')
    )
    with op.batch_alter_table('blocked_derivations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_blocked_derivations_service'), ['service'], unique=False)


def downgrade() -> None:
    op.drop_table('blocked_derivations')
    op.drop_table('model_signatures')
