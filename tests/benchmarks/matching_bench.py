"""Works found again: recall and false matches on real texts, and speed beside datasketch and rensa, in one run."""

from __future__ import annotations

import multiprocessing
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import perturbed

from rightful.register.fingerprint import Fingerprint, fingerprints_of, minhash_signatures, text_digest
from rightful.register.matcher_test import edited
from rightful.register.matching import MEASURES, SURE, Thresholds, WorkMatcher
from rightful.register.shingles import shingles_of
from rightful.register.works import WorksIndex, notices, write_works

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 4_000  # characters of a work; longer texts are cut
_BATCH = 2_048


@dataclass
class Corpus:
    """Texts of one language: works, unrelated texts to put around them, a background, and texts never seen."""

    language: str
    works: list[str]
    around: list[str]
    background: list[str]
    fresh: list[str]

    @classmethod
    def of(cls, language: str, texts: list[str]) -> Corpus:
        """Cut a list of texts into four parts, with a seed."""
        texts = [text[:_LONGEST] for text in texts]
        random.Random(20261126).shuffle(texts)
        quarter = len(texts) // 4
        works, around, background, fresh = (texts[n * quarter : (n + 1) * quarter] for n in range(4))
        return cls(language, works, around, background, fresh)


def perturbations(corpus: Corpus) -> dict[str, list[str]]:
    """Perturb every work in every way."""
    draw = random.Random(7)
    others = corpus.around

    def around(text: str, times: int) -> str:
        return perturbed.inside(text, draw.sample(others, min(60, len(others))), times)

    def edit(text: str, share: float) -> str:
        return edited(text, share, draw.choice(others), draw)

    made = {
        f"{share:.0%} of words edited": [edit(w, share) for w in corpus.works] for share in (0, 0.05, 0.1, 0.2, 0.4)
    }
    made["whole, in a text 10 times as long"] = [around(w, 10) for w in corpus.works]
    made["10% edited, in a text 10 times as long"] = [around(edit(w, 0.1), 10) for w in corpus.works]
    made["300 characters alone"] = [perturbed.excerpt(w, 300, draw) for w in corpus.works]
    made["300 characters in 9,000 others"] = [around(perturbed.excerpt(w, 300, draw), 31) for w in corpus.works]
    made["other punctuation, width and case"] = [perturbed.repunctuated(w) for w in corpus.works]
    return made


def exact(text: np.ndarray, work: np.ndarray) -> tuple[float, float, float, int]:
    """Give Jaccard, containment of the work and of the text, and shared shingles, of whole sets: the oracle."""
    shared = len(np.intersect1d(text, work, assume_unique=True))
    joined = len(text) + len(work) - shared
    return shared / max(joined, 1), shared / max(len(work), 1), shared / max(len(text), 1), shared


def show_recall(corpus: Corpus, folder: Path) -> None:
    """Print recall by perturbation, and false matches among unrelated texts."""
    file = folder / f"{corpus.language}.arrow"
    write_works(fingerprints_of(corpus.works), file, background=[corpus.background])
    index = WorksIndex.open(file)
    thresholds = Thresholds()
    matcher = WorkMatcher(index, thresholds)
    place = {index.digest_of(n): n for n in range(len(index))}
    number = np.array([place[text_digest(work)] for work in corpus.works])
    sets = shingles_of(corpus.works)
    table = Table(title=f"{len(corpus.works)} works, {corpus.language}", title_justify="left", box=None)
    for heading in ("what became of the work", "found", "out", "waits", "exact Jaccard", "exact containment"):
        table.add_column(heading, justify="left" if heading.startswith("what") else "right")
    for name, texts in perturbations(corpus).items():
        found = matcher.of_texts(texts)
        verdict = np.zeros(len(texts), np.int64)
        right = number[found.text] == found.work
        np.maximum.at(verdict, found.text[right], found.verdict[right])
        made = shingles_of(texts)
        truth = [exact(made.of(n), sets.of(n)) for n in range(len(texts))]
        table.add_row(
            name,
            f"{np.mean(verdict > 0):.4f}",
            f"{np.mean(verdict == SURE):.4f}",
            f"{np.mean((verdict > 0) & (verdict != SURE)):.4f}",
            f"{statistics.mean(jaccard for jaccard, *_ in truth):.2f}",
            f"{statistics.mean(contained for _, contained, *_ in truth):.2f}",
        )
    Console(width=120).print(table)
    show_false_matches(corpus, matcher, sets, number)


def show_false_matches(corpus: Corpus, matcher: WorkMatcher, sets: object, number: np.ndarray) -> None:
    """Match texts that are no works, with notices and other works' boilerplate in every third of them."""
    draw = random.Random(3)
    fresh = [
        f"{draw.choice(notices())}\n{text}\n{draw.choice(notices())}" if n % 3 == 0 else text
        for n, text in enumerate(corpus.fresh)
    ]
    limits = np.array([getattr(Thresholds(), name)[0] for name in MEASURES])
    found = matcher.of_texts(fresh)
    made = shingles_of(fresh)
    work_of = {int(n): at for at, n in enumerate(number)}
    related = false = false_out = 0
    for text, work, verdict in zip(found.text.tolist(), found.work.tolist(), found.verdict.tolist(), strict=True):
        truth = np.array(exact(made.of(text), sets.of(work_of[work])))  # type: ignore[attr-defined]
        if (truth >= limits).any():
            related += 1
        else:
            false += 1
            false_out += verdict == SURE
    pairs = len(fresh) * len(corpus.works) - related
    print(
        f"\n{len(fresh)} other texts, a third with boilerplate: by the oracle {related} pairs share a passage; of "
        f"{pairs:,} unrelated pairs {false} match ({false / pairs:.6f}), {false_out} of them are out\n"
    )


def python_shingles(text: str) -> list[bytes]:
    """Word 5-shingles as people make them."""
    words = text.lower().split()
    return [" ".join(words[n : n + 5]).encode() for n in range(max(len(words) - 4, 1))]


def passages(texts: list[str], count: int, length: int = 990) -> list[str]:
    """Cut texts into passages of about 1 kB, repeated until there are enough."""
    cut = [text[n : n + length] for text in texts for n in range(0, len(text) - length + 1, length)]
    return (cut * (count // len(cut) + 1))[:count]


def made_up(count: int, texts: list[str], length: int = 990) -> list[str]:
    """Texts of real words in no real order: as many works as are wanted, all unrelated."""
    draw = random.Random(11)
    words = [word for text in texts for word in text.split()]
    found = []
    for _ in range(count):
        start = draw.randrange(len(words) - 400)
        some = words[start : start + 160]
        draw.shuffle(some)
        found.append(" ".join(some)[:length])
    return found


def signatures_by_us(texts: list[str]) -> int:
    """Text to MinHash signatures, in columns."""
    shingles = shingles_of(texts)
    return len(minhash_signatures(shingles.hashes, shingles.starts))


def signatures_by_datasketch(texts: list[str]) -> int:
    """The same by datasketch's own way for many texts."""
    from datasketch import MinHash

    return len(MinHash.bulk([python_shingles(text) for text in texts], num_perm=128))


def signatures_by_rensa(texts: list[str]) -> int:
    """The same by rensa: another algorithm of the same family."""
    from rensa import RMinHash

    for text in texts:
        one = RMinHash(num_perm=128, seed=1)
        one.update([shingle.decode() for shingle in python_shingles(text)])
        one.digest()
    return len(texts)


@cache
def _matcher(file: str) -> WorkMatcher:
    return WorkMatcher(WorksIndex.open(file), Thresholds())


def _query(file: str, texts: list[str]) -> int:
    matcher = _matcher(file)
    return sum(len(matcher.of_texts(texts[n : n + _BATCH])) for n in range(0, len(texts), _BATCH))


def queries_by_us(file: Path, pool: multiprocessing.pool.Pool, texts: list[str]) -> Callable[[], int]:
    """Text to matches, in two processes."""

    def job() -> int:
        half = (len(texts) + 1) // 2
        pool.starmap(_query, [(str(file), texts[:half]), (str(file), texts[half:])])
        return len(texts)

    return job


def queries_by_datasketch(works: list[str], texts: list[str]) -> Callable[[], int]:
    """Text to candidates of MinHashLSH (16 bands of 8): near copies alone, in one process as Python has it."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=128, params=(16, 8))
    for n, signature in enumerate(MinHash.bulk([python_shingles(work) for work in works], num_perm=128)):
        index.insert(str(n), signature, check_duplication=False)

    def job() -> int:
        for signature in MinHash.bulk([python_shingles(text) for text in texts], num_perm=128):
            index.query(signature)
        return len(texts)

    return job


def queries_by_rensa(works: list[str], texts: list[str]) -> Callable[[], int]:
    """The same with rensa's index."""
    from rensa import RMinHash, RMinHashLSH

    def signature(text: str) -> object:
        one = RMinHash(num_perm=128, seed=1)
        one.update([shingle.decode() for shingle in python_shingles(text)])
        return one

    index = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=16)
    for n, work in enumerate(works):
        index.insert(n, signature(work))

    def job() -> int:
        for text in texts:
            index.query(signature(text))
        return len(texts)

    return job


def write_many(file: Path, works: int, hashes: int = 165) -> None:
    """Write an index of works of about 1 kB each, their hashes drawn: as many as no texts are here."""
    draw = np.random.default_rng(1)
    many = (
        Fingerprint(
            f"{n:064x}",
            hashes,
            1,
            np.sort(draw.integers(0, 1 << 54, hashes, np.uint64) << np.uint64(10)),
            draw.integers(0, 1 << 32, 128, np.uint32),
        )
        for n in range(works)
    )
    write_works(many, file)


def search_many(file: Path, texts: list[str]) -> None:
    """Search a large index, and say how much memory that took: run in a process of its own."""
    began = time.perf_counter()
    matcher = WorkMatcher(WorksIndex.open(file), Thresholds())
    opened = time.perf_counter() - began
    began = time.perf_counter()
    for n in range(0, len(texts), _BATCH):
        matcher.of_texts(texts[n : n + _BATCH])
    speed = len(texts) / (time.perf_counter() - began)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    most = int(status["VmHWM"].split()[0]) / 1e6
    print(
        f"{len(matcher.works):,} works of 1 kB ({file.stat().st_size / 1e9:.2f} GB): opened in {opened * 1e3:.1f} ms, "
        f"{speed:,.0f} texts/s of 1 kB in one process, at most {most:.2f} GB resident, mapped pages included"
    )


def show_matching(
    measure: Callable[..., dict[str, list[float]]], show: Callable[..., None], *, turns: int, works: int
) -> None:
    """Print all of it; `measure` and `show` are those of `run`."""
    english, chinese = perturbed.english(), perturbed.chinese()
    with tempfile.TemporaryDirectory(prefix="rightful-matching-") as scratch:
        folder = Path(scratch)
        for language, texts in (("English (documents_open)", english), ("Chinese (manual pages)", chinese)):
            if texts:
                show_recall(Corpus.of(language.split()[0], texts), folder)
            else:
                print(f"no texts here: {language}\n")
        if not english:
            return
        some = passages(english, 10_000)
        jobs = {
            "datasketch, MinHash.bulk": partial(signatures_by_datasketch, some),
            "rensa, RMinHash": partial(signatures_by_rensa, some),
            "rightful, in columns": partial(signatures_by_us, some),
        }
        taken = measure(jobs, turns)
        show("Texts of 1 kB to MinHash signatures, one process", taken, "datasketch, MinHash.bulk", "texts")
        works_texts = made_up(100_000, english)
        file = folder / "works.arrow"
        write_works(fingerprints_of(works_texts), file)
        asked = passages(english, 9_000) + works_texts[:1_000]
        with multiprocessing.get_context("forkserver").Pool(2) as pool:
            jobs = {
                "datasketch, MinHashLSH": queries_by_datasketch(works_texts, asked),
                "rensa, RMinHashLSH": queries_by_rensa(works_texts, asked),
                "rightful, near copies, works and excerpts, two processes": queries_by_us(file, pool, asked),
            }
            jobs["rightful, near copies, works and excerpts, two processes"]()
            taken = measure(jobs, turns)
        show("Texts of 1 kB against 100,000 works, shingling included", taken, "datasketch, MinHashLSH", "texts")
        many = folder / "many.arrow"
        write_many(many, works)
        listing = folder / "texts.txt"
        listing.write_text("\n".join(" ".join(text.split()) for text in passages(english, 20_000)), encoding="utf-8")
        subprocess.run([sys.executable, __file__, str(many), str(listing)], check=True)
        print()


if __name__ == "__main__":
    search_many(Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8").split("\n"))
