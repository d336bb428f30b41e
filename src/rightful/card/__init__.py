"""The dataset card: what a run's files say, for people and for machines, and nothing they do not say.

Why: labels without evidence are what auditors complain about. `card.json` is the one source of every number; the
README is rendered from it and from nothing else. May import: everything below; no framework. Example:

    write_card("out/")
"""
