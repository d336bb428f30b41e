"""What was decided, and the proof that it was not altered: ledger parts, situations, manifest, checksums.

Why: a card is worth what can be recomputed from it. May import: `facts`, `errors`, pyarrow. Holds ids, digests
and reasons; never the text of a record. Example:

    run = RunDirectory("out/")
    run.manifest.counts, run.situations()
"""
