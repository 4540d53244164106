"""log sizes

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('log_sizes',
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('service')
    )
    lines = sa.table('log_lines', sa.column('service'), sa.column('text'))
    size = sa.func.sum(sa.func.length(lines.c.text) + 200)
    sizes = sa.table('log_sizes', sa.column('service'), sa.column('size'))
    op.execute(sa.insert(sizes).from_select(['service', 'size'], sa.select(lines.c.service, size).group_by(lines.c.service)))


def downgrade() -> None:
    op.drop_table('log_sizes')
