"""Validation of rows, as a fixture."""

import pytest
from tests.quality.good_set import AS_OF, COLUMNS, SCHEMA, policy_with, write

from rightful.quality.suite import validate_files


@pytest.fixture
def validated(tmp_path):
    """Write rows as two shards and validate them; what is not given is as in the good set."""

    def run(rows, *, columns=COLUMNS, as_of=AS_OF, schema=SCHEMA, policy=None, **quality):
        files = write(tmp_path, rows, schema=schema)
        return validate_files(files, policy=policy or policy_with(**quality), columns=columns, as_of=as_of)

    return run
