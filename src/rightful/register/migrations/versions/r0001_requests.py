"""Requests, their events and keys, claimants, sealed works, and the log."""

import sqlalchemy as sa
from alembic import op

from rightful.register.migrations.triggers import refuse_changes

revision = "0001"
down_revision = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "optout_claimants",
        sa.Column("id", _BIG, primary_key=True),
        sa.Column("lookup", sa.String(64), nullable=False, unique=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "optout_requests",
        sa.Column("id", _BIG, primary_key=True),
        sa.Column("reference", sa.String(18), nullable=False, unique=True),
        sa.Column("claimant", _BIG, sa.ForeignKey("optout_claimants.id"), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("authority", sa.String(24), nullable=False),
        sa.Column("document", sa.String(64)),
        sa.Column("good_faith", sa.String(8), nullable=False),
        sa.Column("queued", sa.Boolean, nullable=False),
        sa.Column("named", sa.Integer, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_optout_requests_claimant_received_at", "optout_requests", ["claimant", "received_at"])
    op.create_table(
        "optout_events",
        sa.Column("id", _BIG, primary_key=True),
        sa.Column("request", _BIG, sa.ForeignKey("optout_requests.id"), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.UniqueConstraint("request", "seq", name="uq_optout_events_request_seq"),
    )
    op.create_index("ix_optout_events_act_id", "optout_events", ["act", "id"])
    _make_keys()
    op.create_table(
        "optout_log",
        sa.Column("n", _BIG, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("record", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_optout_log_record", "optout_log", ["record"])
    op.create_table(
        "optout_settings",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    refuse_changes("optout_requests", unique=["id", "reference"])
    refuse_changes("optout_events", unique=["id", "request, seq"])
    refuse_changes("optout_log", unique=["n"])
    refuse_changes("optout_claimants", unique=["id", "lookup"], but=["lookup", "sealed"], columns=["id", "since"])
    refuse_changes(
        "optout_keys", unique=["id"], but=["lookup", "sealed"], columns=["id", "request", "kind", "spelling"]
    )
    refuse_changes("optout_works", unique=["key"], but=["sealed"], columns=["key"])


def _make_keys() -> None:
    op.create_table(
        "optout_keys",
        sa.Column("id", _BIG, primary_key=True),
        sa.Column("request", _BIG, sa.ForeignKey("optout_requests.id"), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("lookup", sa.String(64), nullable=False),
        sa.Column("spelling", sa.Text),
        sa.Column("sealed", sa.LargeBinary),
    )
    op.create_index("ix_optout_keys_request", "optout_keys", ["request"])
    op.create_index("ix_optout_keys_kind_lookup", "optout_keys", ["kind", "lookup"])
    op.create_table(
        "optout_works",
        sa.Column("key", _BIG, sa.ForeignKey("optout_keys.id"), primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "optout_copies",
        sa.Column("key", _BIG, sa.ForeignKey("optout_keys.id"), primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("retain_until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "optout_personal",
        sa.Column("request", _BIG, sa.ForeignKey("optout_requests.id"), primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("retain_until", sa.BigInteger, nullable=False),
    )
