"""Taking works out of finished data sets: a new version of a run, chained to the old, and receipts for who asked.

Why: a rightsholder who learns of a use asks for this work to be taken out, and no data is shown to prove it (legal.md
P-22, P-31). A version is made of the run before it, the newest register and nothing else: shards that hold none of the
records stay octet for octet, and `rightful verify` tests the new version like any run. Withdrawing never admits or
loosens: what once had an effect in a run keeps it. May import: `runner`, `audit` and everything below; not `airflow`.

Example:
    done = withdraw("out", register="exports", out="out-2", signing_key="receipts.pem", make_key=True, now=now)
    done.removed, done.receipts
"""
