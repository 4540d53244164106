"""answers to uploads of labels

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
import shared.database
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('label_uploads',
    sa.Column('upload_id', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('receipt', sa.JSON(), nullable=False),
    sa.Column('at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('upload_id')
    )
    with op.batch_alter_table('label_uploads', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_label_uploads_at'), ['at'], unique=False)


def downgrade() -> None:
    op.drop_table('label_uploads')
