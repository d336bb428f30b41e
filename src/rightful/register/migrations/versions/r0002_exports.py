"""Exports, when a request first took effect in one, and questions asked."""

import sqlalchemy as sa
from alembic import op

from rightful.register.migrations.triggers import refuse_changes

revision = "0002"
down_revision = "0001"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "optout_exports",
        sa.Column("id", _BIG, primary_key=True),
        sa.Column("version", sa.String(80), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("events", _BIG, nullable=False),
        sa.Column("log_length", _BIG, nullable=False),
        sa.Column("log_head", sa.String(64), nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.create_table(
        "optout_effects",
        sa.Column("request", _BIG, sa.ForeignKey("optout_requests.id"), primary_key=True, autoincrement=False),
        sa.Column("export", _BIG, sa.ForeignKey("optout_exports.id"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "optout_questions",
        sa.Column("id", _BIG, primary_key=True),
        sa.Column("asker", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_optout_questions_asker_at", "optout_questions", ["asker", "at"])
    refuse_changes("optout_exports", unique=["id"])
    refuse_changes("optout_effects", unique=["request"])
