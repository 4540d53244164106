"""images whose files versions mount

Nothing changes in the tables: releases before this one cannot read such a mount in a version's image.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


OF_IMAGES = """SELECT count(*) FROM versions
WHERE CAST(image AS TEXT) LIKE '%"uri": "oci://%' OR CAST(last_good AS TEXT) LIKE '%"uri": "oci://%'"""


def upgrade() -> None:
    """Marks where going back is asked about."""


def downgrade() -> None:
    mounting = op.get_bind().execute(sa.text(OF_IMAGES)).scalar()
    if mounting:
        raise RuntimeError(
            f'{mounting} versions mount files of images, or would be rolled back to: change them before you go back'
        )
