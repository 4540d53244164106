"""specs and secrets

Revision ID: 0006
Revises: 0005
"""

from datetime import UTC, datetime

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
import shared.database
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('resource_specs',
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('description', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cpu', sa.Float(), nullable=False),
    sa.Column('memory_gb', sa.Float(), nullable=False),
    sa.Column('gpu', sa.Integer(), nullable=False),
    sa.Column('price_per_hour', sa.Float(), nullable=False),
    sa.Column('created_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('secrets',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('project', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('description', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.Column('key_id', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('creator', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('created_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['project'], ['projects.name'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('name')
    )
    with op.batch_alter_table('secrets', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_secrets_project'), ['project'], unique=False)

    with op.batch_alter_table('versions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('resources', sa.JSON(), nullable=True))
        batch_op.create_index(batch_op.f('ix_versions_spec'), ['spec'], unique=False)

    _fill()
    with op.batch_alter_table('versions', schema=None) as batch_op:
        batch_op.alter_column('resources', existing_type=sa.JSON(), nullable=False)


SIZES = ((1, 1), (1, 2), (1, 4), (2, 4), (2, 8), (4, 8), (4, 16), (8, 16), (8, 32), (16, 32), (16, 64))


def _fill() -> None:
    """The catalogue as it was written in the code so far, and what it says into the versions that use it."""
    now = datetime.now(UTC)
    at = shared.database.UtcDateTime()
    names = ('name', 'description', 'cpu', 'memory_gb', 'gpu', 'price_per_hour', 'revision')
    specs = sa.table('resource_specs', *map(sa.column, names), sa.column('created_at', at), sa.column('updated_at', at))
    rows = [(f'{cpu}C{memory}G', '', cpu, memory, 0, round(0.03 * cpu + 0.008 * memory, 3), 1) for cpu, memory in SIZES]
    op.bulk_insert(specs, [dict(zip(names, row, strict=True)) | {'created_at': now, 'updated_at': now} for row in rows])
    versions = sa.table('versions', sa.column('spec'), sa.column('resources', sa.JSON()))
    for name, _, cpu, memory, gpu, *_ in rows:
        resources = {'spec': name, 'cpu': cpu, 'memory_gb': memory, 'gpu': gpu}
        op.execute(sa.update(versions).where(versions.c.spec == name).values(resources=resources))


def downgrade() -> None:
    with op.batch_alter_table('versions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_versions_spec'))
        batch_op.drop_column('resources')

    with op.batch_alter_table('secrets', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_secrets_project'))

    op.drop_table('secrets')
    op.drop_table('resource_specs')
