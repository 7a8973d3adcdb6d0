"""Give jobs what workers need: whose turn it is, who runs them, how far they are."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A worker of the last version writes rows without knowing these columns: the database fills them in.
_ZERO, _NO, _EMPTY = sa.text("0"), sa.false(), sa.text("'{}'")


def upgrade() -> None:
    # On SQLite a table that is made anew is dropped first, and with it go the rows of others that belong to its own.
    with op.batch_alter_table("jobs", recreate="never") as jobs:
        jobs.add_column(sa.Column("parent_id", sa.String(length=255), nullable=True))
        jobs.add_column(sa.Column("group_id", sa.String(length=255), nullable=True))
        jobs.add_column(sa.Column("request", sa.JSON(), nullable=False, server_default=_EMPTY))
        jobs.add_column(sa.Column("failure", sa.JSON(), nullable=True))
        jobs.add_column(sa.Column("engine", sa.Boolean(), nullable=False, server_default=_NO))
        jobs.add_column(sa.Column("dispatched", sa.Integer(), nullable=False, server_default=_ZERO))
        jobs.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default=_ZERO))
        jobs.add_column(sa.Column("turn", sa.BigInteger(), nullable=False, server_default=_ZERO))
        jobs.add_column(sa.Column("run", sa.String(length=80), nullable=True))
        jobs.add_column(sa.Column("seq", sa.Integer(), nullable=False, server_default=_ZERO))
        jobs.add_column(sa.Column("progress", sa.Integer(), nullable=False, server_default=_ZERO))
        jobs.add_column(sa.Column("worked", sa.Float(), nullable=False, server_default=_ZERO))
        jobs.add_column(sa.Column("made", sa.Integer(), nullable=False, server_default=_ZERO))
        jobs.add_column(sa.Column("closing", sa.Boolean(), nullable=False, server_default=_NO))
        jobs.add_column(sa.Column("crashes", sa.Integer(), nullable=False, server_default=_ZERO))
        jobs.add_column(sa.Column("crash_mark", sa.Integer(), nullable=False, server_default=_ZERO))
        jobs.add_column(sa.Column("crashed_with", sa.String(length=64), nullable=True))
        jobs.add_column(sa.Column("alone_with", sa.String(length=64), nullable=True))
        jobs.add_column(sa.Column("started_at", sa.DateTime(timezone=True), nullable=True))
        jobs.add_column(sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
        jobs.create_index("ix_jobs_status", ["status", "turn"])
        jobs.create_index("ix_jobs_owner", ["owner", "created_at"])
    op.execute("UPDATE jobs SET seq = COALESCE((SELECT MAX(seq) FROM events WHERE events.job_id = jobs.id), 0)")
    with op.batch_alter_table("holders", recreate="never") as holders:
        holders.add_column(sa.Column("role", sa.String(length=16), nullable=False, server_default=""))
        holders.add_column(sa.Column("about", sa.JSON(), nullable=False, server_default=_EMPTY))
