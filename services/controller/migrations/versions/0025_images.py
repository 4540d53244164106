"""versions that are made from images

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None

MODEL = sqlmodel.sql.sqltypes.AutoString(length=255)
MODEL_VERSION = sqlmodel.sql.sqltypes.AutoString(length=16)


def upgrade() -> None:
    with op.batch_alter_table('versions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('image', sa.JSON(none_as_null=True), nullable=True))
        batch_op.alter_column('model', existing_type=MODEL, nullable=True)
        batch_op.alter_column('model_version', existing_type=MODEL_VERSION, nullable=True)


def downgrade() -> None:
    made_from_images = op.get_bind().execute(sa.text('SELECT count(*) FROM versions WHERE image IS NOT NULL')).scalar()
    if made_from_images:
        raise RuntimeError(f'{made_from_images} versions are made from images: delete them before you go back')
    with op.batch_alter_table('versions', schema=None) as batch_op:
        batch_op.alter_column('model_version', existing_type=MODEL_VERSION, nullable=False)
        batch_op.alter_column('model', existing_type=MODEL, nullable=False)
        batch_op.drop_column('image')
