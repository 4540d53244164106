"""resource groups that name what runs their pods

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('resource_groups', schema=None) as batch_op:
        batch_op.add_column(sa.Column('backend', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=True))


def downgrade() -> None:
    named = op.get_bind().execute(sa.text('SELECT count(*) FROM resource_groups WHERE backend IS NOT NULL')).scalar()
    if named:
        raise RuntimeError(f'{named} resource groups name a backend: set it to null before you go back')
    with op.batch_alter_table('resource_groups', schema=None) as batch_op:
        batch_op.drop_column('backend')
