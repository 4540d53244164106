"""resource groups

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
import shared.database
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('resource_groups',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('description', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('tags', sa.JSON(), nullable=False),
    sa.Column('creator', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('created_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('name')
    )
    op.create_table('nodes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('group_id', sa.Uuid(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('machine', sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
    sa.Column('cpu', sa.Float(), nullable=False),
    sa.Column('memory_gb', sa.Float(), nullable=False),
    sa.Column('gpu', sa.Integer(), nullable=False),
    sa.Column('billing_mode', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('console_url', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('phase', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('is_forced', sa.Boolean(), nullable=False),
    sa.Column('is_expired', sa.Boolean(), nullable=False),
    sa.Column('is_warned', sa.Boolean(), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('expires_at', shared.database.UtcDateTime(timezone=True), nullable=True),
    sa.Column('joined_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('creator', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('created_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['group_id'], ['resource_groups.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('name')
    )
    with op.batch_alter_table('nodes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_nodes_group_id'), ['group_id'], unique=False)

    op.create_table('resource_group_projects',
    sa.Column('group_id', sa.Uuid(), nullable=False),
    sa.Column('project', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
    sa.Column('created_at', shared.database.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['group_id'], ['resource_groups.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project'], ['projects.name'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('group_id', 'project')
    )
    with op.batch_alter_table('resource_group_projects', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_resource_group_projects_project'), ['project'], unique=False)

    with op.batch_alter_table('versions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('resource_group', sqlmodel.sql.sqltypes.AutoString(length=63), nullable=True))
        batch_op.create_index(batch_op.f('ix_versions_resource_group'), ['resource_group'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('versions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_versions_resource_group'))
        batch_op.drop_column('resource_group')

    with op.batch_alter_table('resource_group_projects', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_resource_group_projects_project'))

    op.drop_table('resource_group_projects')
    with op.batch_alter_table('nodes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_nodes_group_id'))

    op.drop_table('nodes')
    op.drop_table('resource_groups')
