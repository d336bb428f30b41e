"""Where the example DAGs lie: in the package once it is installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from rightful.errors import NotFoundError

_QUICKSTART = "rightful_quickstart.py"


def example_dags_folder() -> Path:
    """Give the folder of the example DAGs: `rightful_quickstart`, `rightful_in_your_dag` and `rightful_withdrawal`.

    Raises:
        NotFoundError: this installation has none.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "example_dags", here.parents[2] / "dags"):
        if (folder / _QUICKSTART).is_file():
            return folder
    raise NotFoundError(
        f"no example DAGs are installed beside {here}", hint='they come with: pip install "rightful[airflow]"'
    )
