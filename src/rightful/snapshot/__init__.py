"""Signals as they stood: raw bytes with time, status and outcome, immutable and named by their digest.

Why: screening never touches the network, and a better parser needs no new crawl. May import: `signals`,
`facts`, `errors`, pyarrow. Only `capture` opens sockets. Example:

    snapshot = Snapshot.open("signals/")
    snapshot.digest, snapshot.as_of, len(snapshot)
"""
