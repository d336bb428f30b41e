"""The whole way on a small web of sites, served on this machine: for newcomers, and for the tests.

Why: the quickest way to see what the package does is to see it do it, on input whose right answers are known.
May import: everything. Example:

    rightful demo
"""
