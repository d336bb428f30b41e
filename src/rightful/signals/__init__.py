r"""One protocol per module: bytes in, statements out.

Why: a rightsholder can say no in many ways; each way is read here exactly as its specification says,
and nowhere else. May import: `facts` and `errors`. No I/O, no clock, no network. Example:

    >>> from rightful.signals.robots_txt import RobotsTxt
    >>> robots = RobotsTxt.parse(b"User-agent: GPTBot\nDisallow: /\n")
    >>> robots.preference("https://example.org/essay", "GPTBot").value
    'deny'
"""
