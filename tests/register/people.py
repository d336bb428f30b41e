"""Claimants and requests for tests of the register."""

from datetime import UTC, datetime, timedelta

from rightful.register.entries import KeyKind
from rightful.register.model import Authority, Claimant, NewRequest, Scope

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DOCUMENT = "d0" * 32
WORK = (
    "The lamplighter of Ferrybridge counted his lamps twice, once on the way out and once on the way home, and "
    "the two numbers had never in eleven years agreed, which he took as proof that somebody else was counting too."
)
OTHER_WORK = (
    "Nobody in the archive could say who had ordered the second staircase, but everyone used it on Thursdays, when "
    "the first one was occupied by the pigeons and by the man who was paid, from another budget, to regret them."
)
AUTHOR = Claimant("Aurelia Quillfeather", "aurelia@quill.example", "wrote it herself in 1997")
RIVAL = Claimant("Barnaby Inkwell", "barnaby@inkwell.example")
SOCIETY = Claimant("Society of Authors", "office@society.example", "statutes of 1921")


def work(text=WORK, claimant=AUTHOR, **more):
    return NewRequest(claimant, Scope.WORK, good_faith=True, texts=[text], **more)


def digest(value, claimant=AUTHOR, **more):
    return NewRequest(claimant, Scope.FILE, good_faith=True, digests=[value], **more)


def site(name="example.org", claimant=AUTHOR, **more):
    return NewRequest(claimant, Scope.LOCATION, good_faith=True, locations=[(KeyKind.SITE, name)], **more)


def repertoire(texts=(), locations=(), digests=(), claimant=SOCIETY, **more):
    settings = {"authority": Authority.COLLECTING_SOCIETY, "document": DOCUMENT, "good_faith": True} | more
    return NewRequest(claimant, Scope.REPERTOIRE, texts=texts, locations=locations, digests=digests, **settings)


def somebody(number):
    return Claimant(f"Person {number}", f"person-{number}@people.example")
