"""kinds of GPUs in resource specs

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


OF_A_KIND = (
    'SELECT count(*) FROM resource_specs WHERE gpu_kind IS NOT NULL',
    """SELECT count(*) FROM versions WHERE CAST(resources AS TEXT) LIKE '%"gpu_kind"%'""",
)


def upgrade() -> None:
    with op.batch_alter_table('resource_specs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('gpu_kind', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True))


def downgrade() -> None:
    specs, versions = (op.get_bind().execute(sa.text(query)).scalar() for query in OF_A_KIND)
    if specs or versions:
        raise RuntimeError(
            f'{specs} resource specs and {versions} versions name a kind of GPU: change or delete them before you go back'
        )
    with op.batch_alter_table('resource_specs', schema=None) as batch_op:
        batch_op.drop_column('gpu_kind')
