"""Comparing policies: what is said without records is what a run over the records gives, or it is not said."""

import itertools
import random
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rightful.audit.compare import compare_policies
from rightful.audit.redeclared import Redeclared, Stored
from rightful.errors import InputError, PolicyError
from rightful.ledger.run_directory import MANIFEST, POLICY, RunDirectory
from rightful.policy.deciding import decide
from rightful.policy.policy_file import parse_policy
from rightful.register.entries import KeyKind, OptOut, canonical_key
from rightful.register.export import export_register
from rightful.runner.run import screen_files
from rightful.screening.screener import Screener
from rightful.snapshot.model import Capture, Kind, Outcome
from rightful.snapshot.store import add_captures

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROOF = f'evidence = ["sha256:{"ab" * 32} a document"]'
HOSTS = {
    "open": b"User-agent: *\nAllow: /\n",
    "closed": b"User-agent: *\nDisallow: /\n",
    "signal": b"User-agent: *\nContent-Signal: ai-train=no\nAllow: /\n",
    "asked": b"",
}
BASE = {
    "scenario": 'market_effect = "low"',
    "web": 'route = "crawled"',
    "books": 'route = "purchased"',
    "more": "",
}


def written(**changed):
    """Write a policy of two sources: its scenario, what each source declares, and more sections."""
    parts = {**BASE, **changed}
    sources = "".join(f'[[sources]]\nname = "{name}"\n{parts[name]}\n' for name in ("web", "books"))
    return f"[scenario]\n{parts['scenario']}\n{sources}\n{parts['more']}\n"


def table_of(**columns):
    """Make records of every site and source, with these values of columns, each at least once with each other fact."""
    several = [{}, *({name: value} for name, values in columns.items() for value in values)]
    rows = [
        {
            "url": f"https://{host}.example/{number}",
            "source": source,
            "fetched_at": at,
            **dict.fromkeys(columns),
            **own,
        }
        for number, own in enumerate(several)
        for host, source, at in itertools.product((*HOSTS, "never"), ("web", "books", "nobody"), (NOON, LATER, None))
    ]
    for row in rows:
        row["text"] = row["id"] = row["url"]
    kinds = {"fetched_at": pa.timestamp("s", tz="UTC")}
    names = ["url", "source", "fetched_at", "text", "id", *columns]
    return pa.table({name: pa.array([r[name] for r in rows], kinds.get(name, pa.string())) for name in names})


COLUMNS = {
    "licence": ("cc-by-4.0", "cc-by-nc-4.0", "none", "made up"),
    "licence_evidence": ("text", "none"),
    "work_status": ("own", "unknown", "official"),
    "consent": ("second_live", "second_withdrawn"),
    "tos": ("reserved", "silent", "unknown"),
    "unlawful": ("none", "tpm"),
    "sensitive_pi": ("redacted", "present", "none"),
    "public_domain_in": ("EU", "CN EU US"),
    "author_died": ("1900", "2020"),
    "contract": ("deal", "no such"),
    "acquired": ("payment:training",),
    "third_party": ("found", "none"),
    "lawful_access": ("yes", "no"),
}
PLAIN = table_of()


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    root = tmp_path_factory.mktemp("rules")
    captures = [
        Capture(f"https://{host}.example", NOON, Outcome.AVAILABLE, Kind.ROBOTS, status=200, body=body)
        for host, body in HOSTS.items()
    ]
    changed = b"User-agent: *\nDisallow: /2\n"
    captures.append(Capture("https://open.example", LATER, Outcome.AVAILABLE, Kind.ROBOTS, status=200, body=changed))
    optout = OptOut(KeyKind.SITE, canonical_key(KeyKind.SITE, "asked.example"), received_at=NOON)
    return add_captures(root / "signals", captures), export_register([optout], root / "register.arrow")


def bare(situation):
    return replace(situation, filled_by=())


def of_columns(text, records):
    """Read a policy that names the columns of rights there are."""
    named = [name for name in records.schema.names if name in COLUMNS]
    return parse_policy("\n".join([text, "[columns]", *(f'{name} = "{name}"' for name in named)]))


def observed(policy, rules, records):
    """Give how many records are in each situation, and what they were filled under."""
    screener = Screener(policy, *rules)
    batch = records.combine_chunks().to_batches()[0]
    observation = screener.examine(batch).observation
    roles = frozenset(role.partition(" ")[0] for role in screener.columns_of(records.schema).used())
    counted = Counter(observation.situations[number] for number in observation.situation.tolist())
    return counted, Stored(policy, roles, screener.snapshot.as_of)


def retold(counted, stored, policy):
    """Give how many records are in each situation and decided how, by what was stored; without what is not sure."""
    again = Redeclared(stored, policy)
    facts, decisions = Counter(), Counter()
    for situation, records in counted.items():
        found = again.alternatives(situation)
        decisions[again.decision(situation)] += records
        facts[bare(found[0]) if len(found) == 1 else None] += records
    return facts, decisions


def exactly(counted, policy):
    facts, decisions = Counter(), Counter()
    for situation, records in counted.items():
        facts[bare(situation)] += records
        decisions[decide(situation, policy)] += records
    return facts, decisions


def is_exact(told, made):
    """Tell whether what was told is true; of situations that are not sure, the decisions."""
    unsure = told[0].pop(None, 0)
    return told[1] == made[1] and (told[0] - made[0]).total() == 0 and (made[0] - told[0]).total() == unsure


GRANT = 'training = "granted", chain = "direct", paid = true, same_holder = true'
# What a source, the scenario or another section may declare, in pairs that differ.
SOURCES = (
    "",
    PROOF,
    f'licence = "cc-by-4.0"\nlicence_evidence = "text"\n{PROOF}',
    f'licence = "cc-by-4.0"\nlicence_evidence = "tag_only"\n{PROOF}',
    'licence = "cc-by-nc-4.0"',
    f'work_status = "official"\n{PROOF}',
    f'work_status = "own"\n{PROOF}',
    f'consent = "second_live"\n{PROOF}',
    'consent = "second_withdrawn"',
    'tos = "reserved"',
    'tos = "silent"',
    'unlawful = "illegal"',
    'sensitive_pi = "present"',
    'third_party = "found"',
    f'lawful_access = "yes"\n{PROOF}',
    'db_extraction = "substantial"',
    'generator_tos = "forbids"',
    'licence_request = "refused"',
    'holder = "unlocated"',
    f'public_domain_in = ["CN", "EU", "US"]\n{PROOF}',
    f"author_died = 1900\n{PROOF}",
    f'acquired = ["payment:training"]\n{PROOF}',
    f'acquired = ["contribution"]\n{PROOF}',
    'contract = { training = "forbidden" }',
    f"contract = {{ {GRANT} }}\n{PROOF}",
    f'contract = {{ {GRANT}, starts = "2026-02-01" }}\n{PROOF}',
    f'contract = {{ {GRANT}, starts = "2020-01-01", ends = "2026-02-01" }}\n{PROOF}',
    "curated = true",
    "derived_from_crawl = true",
)  # fmt: skip
OF_DATES = (SOURCES[2], next(each for each in SOURCES if "starts" in each))
SCENARIOS = (
    'market_effect = "low"',
    'market_effect = "high"\nspecific_data = true',
    'market_effect = "low"\njurisdictions = ["EU"]',
    'market_effect = "low"\njurisdictions = ["CN", "EU", "JP", "US"]',
    'market_effect = "low"\nnames = ["A. Uthor"]\nstage = "finetune"',
    'market_effect = "low"\nredistributes_modified = false',
)
DEAL = f'[[contracts]]\nname = "deal"\n{PROOF}\n'
MORE = (
    "",
    'profile = "cn_strict"',
    '[as_of]\nmode = "fetch"',
    '[as_of]\nmode = "build"\nbuild_date = "2031-05-05"',
    "[gates]\nnc_is_reservation = false\ntos_strict = true",
    f'{DEAL}training = "granted"\nchain = "direct"\npaid = true\nsame_holder = true\nstarts = "2026-02-01"',
    f'{DEAL}training = "silent"',
    f'{DEAL}training = "granted"\nends = "2025-02"',
    '[gates]\ninfringing_sites = ["closed.example"]',
)


def drawn(draw):
    more = draw.choice(MORE)
    profile, more = (f"{more}\n", "") if more.startswith("profile") else ("", more)
    return profile + written(
        scenario=draw.choice(SCENARIOS),
        web=f'route = "{draw.choice(("crawled", "open_dataset"))}"\n{draw.choice(SOURCES)}',
        books=f'route = "{draw.choice(("purchased", "self.user", "pool"))}"\n{draw.choice(SOURCES)}',
        more=more,
    )


def infringing(policy):
    return set(policy.gates.infringing_sites)


@pytest.mark.parametrize(("columns", "least"), [(0, 40), (1, 20), (3, 10)])
def test_what_is_told_is_what_a_run_gives_or_nothing_is_told(rules, columns, least):
    """Any two policies, any columns: facts filled again equal facts looked up again, fact by fact."""
    draw = random.Random(20260101)
    told = refused = tries = 0
    while tries < 60:
        records = table_of(**{name: COLUMNS[name] for name in draw.sample(sorted(COLUMNS), columns)})
        own, other = (of_columns(drawn(draw), records) for _ in range(2))
        if infringing(own) != infringing(other):
            continue  # refused before: see below
        tries += 1
        counted, stored = observed(own, rules, records)
        assert retold(counted, stored, own) == exactly(counted, own)
        try:
            found = retold(counted, stored, other)
        except InputError as error:
            refused += error.where["source"] in {"web", "books", ""} and error.where["setting"] in error.message
            continue
        told += 1
        assert is_exact(found, exactly(observed(other, rules, records)[0], other))
    assert told >= least
    assert told + refused == tries


@pytest.mark.parametrize("declared", SOURCES)
def test_every_declaration_is_exact_where_no_column_stands_before_it(rules, declared):
    own = parse_policy(written())
    counted, stored = observed(own, rules, PLAIN)
    for other in (written(web=f'route = "crawled"\n{declared}'), written(books=f'route = "purchased"\n{declared}')):
        policy = parse_policy(other)
        if declared in OF_DATES:  # whether a grant or a licence is older is asked only where there is one
            with pytest.raises(InputError, match="the age of what restricts its records is not stored"):
                retold(counted, stored, policy)
        else:
            assert is_exact(retold(counted, stored, policy), exactly(observed(policy, rules, PLAIN)[0], policy))


@pytest.mark.parametrize(
    ("before", "after", "column", "setting"),
    [
        ('tos = "reserved"', "", "tos", "tos"),
        ("", f'work_status = "protected"\n{PROOF}', "work_status", "evidence"),
        (f'acquired = ["contribution"]\n{PROOF}', PROOF, "acquired", "acquired"),
        (PROOF, f"author_died = 1900\n{PROOF}", "public_domain_in", "author_died, published, works"),
    ],
)
def test_what_a_column_may_have_said_is_not_guessed(rules, before, after, column, setting):
    records = table_of(**{column: COLUMNS[column]})
    own, other = (of_columns(written(web=f'route = "crawled"\n{each}'), records) for each in (before, after))
    counted, stored = observed(own, rules, records)
    with pytest.raises(InputError) as refused:
        retold(counted, stored, other)
    assert (refused.value.where["source"], refused.value.where["setting"]) == ("web", setting)


@pytest.fixture(scope="module")
def small_run(rules, tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    pq.write_table(PLAIN, folder / "records.parquet")
    (folder / "policy.toml").write_text(written(), encoding="utf-8")
    snapshot, register = rules
    screen_files(
        folder / "policy.toml", folder / "records.parquet", snapshot=snapshot, register=register, out=folder / "out",
        mode="ledger",
    )  # fmt: skip
    return folder / "out"


@pytest.fixture
def policy_file(tmp_path):
    def write(text, name="other.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def test_the_run_itself_is_one_side(small_run):
    found = compare_policies("run", "run", small_run)
    counts = RunDirectory(small_run).manifest.counts
    assert dict(found.a.by_admission) == {"admit": counts.admit, "hold": counts.hold, "exclude": counts.exclude}
    assert dict(found.a.by_tier) == counts.by_tier
    assert found.changed == []
    assert found.records == found.unchanged == counts.records


def test_a_comparison_counts_what_another_run_counts(small_run, rules, policy_file, tmp_path):
    other = policy_file(
        written(
            scenario='market_effect = "low"\njurisdictions = ["EU"]',
            web=f'route = "crawled"\nauthor_died = 1900\n{PROOF}',
            books='route = "open_dataset"\nlicence = "cc-by-nc-4.0"',
        )
    )
    found = compare_policies("run", other, small_run)
    snapshot, register = rules
    made = screen_files(
        other, small_run.parent / "records.parquet", snapshot=snapshot, register=register, out=tmp_path / "out",
        mode="ledger",
    )  # fmt: skip
    counts = made.counts
    assert dict(found.b.by_admission) == {"admit": counts.admit, "hold": counts.hold, "exclude": counts.exclude}
    assert dict(found.b.by_tier) == counts.by_tier
    restricted = {reason: n for reason, n in found.b.with_reason.items() if reason not in {"PD", "GENERAL"}}
    assert restricted == counts.with_reason
    assert (("admit", "EXEMPT_GENERAL"), ("admit", "FREE_PD"), counts.by_tier["FREE_PD"]) in found.changed
    assert ("hold", "") in {before for before, _, _ in found.changed}  # the books: no contract; now a licence denies
    assert counts.by_tier["FREE_PD"] > 0
    assert counts.with_reason["NC"] > 0


def test_a_profile_is_one_word_changed(small_run):
    found = compare_policies("run", "cn_strict", small_run)
    admitted = found.a.by_tier["EXEMPT_GENERAL"]
    assert admitted > 0
    assert found.b.by_admission["admit"] == 0
    assert found.changed == [(("admit", "EXEMPT_GENERAL"), ("hold", ""), admitted)]
    assert found.b.with_reason["NO_PRC_EXCEPTION"] == admitted


def test_a_profile_that_needs_more_says_what(small_run):
    with pytest.raises(PolicyError, match="retention_until"):
        compare_policies("run", "eu_art4", small_run)


def test_what_is_neither_file_nor_profile_is_named(small_run):
    with pytest.raises(PolicyError, match="cn_lax is no policy file, and no profile") as refused:
        compare_policies("run", "cn_lax", small_run)
    assert "cn_strict" in refused.value.hint


@pytest.mark.parametrize(
    ("more", "setting"),
    [
        ('[crawler]\ntokens = ["OurBot"]', "[crawler]"),
        ('[protocols]\nrobots = "rfc9309"', "protocols.robots"),
        ("[protocols]\nany_scheme = false", "protocols.any_scheme"),
        ('[protocols]\nusages = ["train-ai"]', "protocols.usages"),
        ('[protocols]\nlegacy_labels = "ignore"', "protocols.legacy_labels"),
        ('[protocols]\nreserved_use = "unknown"', "protocols.reserved_use"),
        ('[protocols]\nbing_words = "honour"', "protocols.bing_words"),
        ('[protocols]\nsearch_words = "deny"', "protocols.search_words"),
        ("[protocols]\nmax_capture_age_days = 3", "protocols.max_capture_age_days"),
        ('[columns]\nlicence = "rights"', "[columns]"),
        ('[licences.aliases]\n"open" = "cc-by-4.0"', "licences.aliases"),
        ('[[sources]]\nname = "third"\nroute = "crawled"', "[[sources]]"),
        ('[gates]\ninfringing_sites = ["open.example"]', "gates.infringing_sites"),
    ],
)
def test_what_facts_were_looked_up_by_has_to_be_the_same(small_run, policy_file, more, setting):
    other = policy_file(written(more=more))
    for pair in (("run", other), (other, "run")):
        with pytest.raises(InputError) as refused:
            compare_policies(*pair, small_run)
        assert [each.startswith(setting) for each in refused.value.where["settings"]] == [True]
        assert setting in refused.value.message
        assert "rightful run" in refused.value.hint


def test_settings_that_change_no_decision_are_told(small_run, policy_file):
    found = compare_policies("run", policy_file(written(more='[card]\ntitle = "Another"')), small_run)
    assert found.silent == ("card",)
    assert found.changed == []


def test_a_licence_read_for_the_other_kind_of_user_is_not_read_again(rules, policy_file, tmp_path):
    terms = '<license><permits type="usage">all</permits></license>'
    body = f'<rsl xmlns="https://rslstandard.org/rsl"><content url="/">{terms}</content></rsl>'
    records = pa.table({
        "url": ["https://open.example/1", "https://open.example/9"], "id": ["1", "9"], "text": ["a", "b"],
        "source": ["web", "web"], "rsl": pa.array([body, None], pa.string()),
    })  # fmt: skip
    pq.write_table(records, tmp_path / "r.parquet")
    (tmp_path / "policy.toml").write_text(written(), encoding="utf-8")
    other = policy_file(written(scenario='market_effect = "low"\ncommercial = false'))
    for count, out, refused in ((2, "with", True), (1, "without", False)):
        file = tmp_path / f"{out}.parquet"
        pq.write_table(records if count == 2 else records.slice(1), file)
        screen_files(tmp_path / "policy.toml", file, snapshot=rules[0], out=tmp_path / out, mode="ledger")
        if refused:
            with pytest.raises(InputError, match=r"scenario\.commercial"):
                compare_policies("run", other, tmp_path / out)
        else:
            assert compare_policies("run", other, tmp_path / out).records == count


def test_an_altered_run_is_not_compared(small_run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(small_run, copy)
    text = (copy / POLICY).read_text(encoding="utf-8")
    (copy / POLICY).write_text(text.replace('"low"', '"none"'), encoding="utf-8")
    with pytest.raises(InputError, match="not the one it was made with"):
        compare_policies("run", "cn_strict", copy)
    (copy / POLICY).write_text(text, encoding="utf-8")
    table = pq.read_table(copy / "rightful/situations.parquet")
    at = table.schema.get_field_index("tos")
    forged = table.set_column(at, table.schema.field(at), pa.array(["silent"] * len(table), pa.string()))
    pq.write_table(forged, copy / "rightful/situations.parquet")
    with pytest.raises(InputError, match="is not what this version makes of it"):
        compare_policies("run", "cn_strict", copy)


def test_nothing_in_the_run_is_written(small_run):
    before = {path: path.stat().st_mtime_ns for path in small_run.rglob("*")}
    compare_policies("run", "cn_strict", small_run)
    assert before == {path: path.stat().st_mtime_ns for path in small_run.rglob("*")}
    assert (small_run / MANIFEST).exists()
