"""Reading a finished run as an auditor would: is it what it says, and why was this record kept or removed.

Why: a card is a claim; these are the means to test it. May import: `card` and everything below. Example:

    verify_run("out/").raise_for_findings()
    explain("out/", url="https://example.org/essay")
"""
