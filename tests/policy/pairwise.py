"""A covering of all pairs: rows such that any two values of any two names stand together in one of them.

Greedy, and the same every time: a row starts with the first pair that no row has yet, and takes for every other name
the value that adds most pairs.
"""

from itertools import combinations


def covering(values):
    """Give rows, each a value for every name.

    Args:
        values: values by name.
    """
    names = list(values)
    sizes = [range(len(values[name])) for name in names]
    missing = {
        (one, two): {(a, b) for a in sizes[one] for b in sizes[two]} for one, two in combinations(range(len(names)), 2)
    }
    while missing:
        yield {name: values[name][at] for name, at in zip(names, _row(sizes, missing), strict=True)}


def _row(sizes, missing):
    (one, two), left = next(iter(missing.items()))
    row = dict(zip((one, two), min(left), strict=True))
    for name in sorted(set(range(len(sizes))) - set(row), key=lambda n: -len(sizes[n])):
        row[name] = max(sizes[name], key=lambda at: (sum(_new(missing, name, at, n, v) for n, v in row.items()), -at))
    for pair in combinations(range(len(sizes)), 2):
        if pair in missing:
            missing[pair].discard((row[pair[0]], row[pair[1]]))
            if not missing[pair]:
                del missing[pair]
    return [row[name] for name in range(len(sizes))]


def _new(missing, name, at, other, value):
    pair, values = ((name, other), (at, value)) if name < other else ((other, name), (value, at))
    return pair in missing and values in missing[pair]
