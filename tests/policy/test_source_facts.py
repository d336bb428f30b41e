"""Facts of rights, of a column and a source: what restricts counts wherever it stands, what permits with evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.situations import DIGEST

from rightful.facts.rights import LicenceEvidence, Route
from rightful.facts.situation import Situation
from rightful.policy.deciding import decide
from rightful.policy.licence_facts import licence_facts
from rightful.policy.policy import Policy
from rightful.policy.protection_terms import WORKS, Dates, status_in
from rightful.policy.public_domain import places_of
from rightful.policy.source_facts import CLOSED, RIGHTS_ROLES, filled, situation_of_source
from rightful.policy.source_sections import JURISDICTIONS

DAY = "2026-06-15"
EVIDENCE = {"evidence": [DIGEST]}
RESTRICTIVE = (
    "notice", "sensitive_pi", "third_party", "unlawful", "tos", "generator_tos", "licence_request", "db_extraction",
)  # fmt: skip
GRANT = {"name": "deal", "training": "granted", "chain": "direct", "paid": True, "evidence": [DIGEST]}


def policy(source=(), *others, **sections):
    of_test = {"name": "s", "route": "crawled", **dict(source)}
    return Policy.model_validate({"sources": [of_test, *others], **sections})


def made(values, source=(), built_on=DAY, **sections):
    rules = policy(source, **sections)
    return filled(values, rules.sources[0], rules, built_on)


def test_what_nobody_states_has_no_origin():
    found = made({})
    assert found.origins == ()
    assert found.unknown == ()
    default = Situation("s")
    assert all(getattr(default, name) == value for name, value in found.facts.items())


@pytest.mark.parametrize("name", RESTRICTIVE)
def test_of_a_restrictive_fact_the_more_restrictive_of_both_counts(name):
    values = [each.value for each in CLOSED[name]]
    for at, stated in enumerate(values):
        for where, declared in enumerate(values):
            found = made({name: stated}, {name: declared} | EVIDENCE)
            assert found.facts[name] == values[max(at, where)]
            assert f"{name}:{'source' if where > at else 'column'}" in found.origins


@pytest.mark.parametrize(
    ("name", "stated", "declared"),
    [
        ("work_status", "protected", "own"),
        ("work_status", "fact", "unknown"),
        ("consent", "tos_only", "second_live"),
        ("consent", "second_live", "tos_only"),
        ("consent", "second_withdrawn", "second_live"),
        ("lawful_access", "no", "yes"),
        ("lawful_access", "yes", "unknown"),
        ("holder", "unlocated", "located"),
        ("holder", "located", "unknown"),
    ],
)
def test_of_every_other_fact_the_column_takes_precedence(name, stated, declared):
    found = made({name: stated}, {name: declared} | EVIDENCE)
    assert found.facts[name] == stated
    assert f"{name}:column" in found.origins
    only = made({}, {name: declared} | EVIDENCE)
    assert only.facts[name] == declared
    assert (f"{name}:source" in only.origins) == (declared != "unknown")


REFUSALS = {
    "consent": ("second_withdrawn", "minor_without_guardian"), "lawful_access": ("no",), "holder": ("unlocated",),
}  # fmt: skip


@pytest.mark.parametrize(("name", "declared"), [(name, each) for name in REFUSALS for each in REFUSALS[name]])
@pytest.mark.parametrize("evidence", [EVIDENCE, {}])
def test_a_refusal_counts_wherever_it_is_stated(name, declared, evidence):
    for stated in (each.value for each in CLOSED[name]):
        if stated in REFUSALS[name]:
            continue
        found = made({name: stated}, {name: declared} | evidence)
        assert found.facts[name] == declared
        assert f"{name}:source" in found.origins
        assert made({name: declared}, {name: stated} | EVIDENCE).facts[name] == declared


@pytest.mark.parametrize(
    ("name", "stated", "counts_as"),
    [
        ("work_status", "own", "unknown"),
        ("work_status", "pd", "unknown"),
        ("work_status", "fact", "unknown"),
        ("work_status", "official", "unknown"),
        ("consent", "second_live", "tos_only"),
        ("sensitive_pi", "redacted", "present"),
        ("sensitive_pi", "separate_consent", "present"),
        ("lawful_access", "yes", "unknown"),
    ],
)
def test_what_permits_counts_only_where_the_source_has_evidence(name, stated, counts_as):
    of_source = {"route": "self.rd"}
    assert made({name: stated}, of_source).facts[name] == counts_as
    assert made({name: stated}, of_source | EVIDENCE).facts[name] == stated


@pytest.mark.parametrize("route", [route.value for route in Route])
def test_a_record_is_ones_own_work_only_in_a_source_of_own_works(route):
    own = {"work_status": "own"}
    shown = route in {"self.rd", "synthetic"}
    assert made(own, {"route": route} | EVIDENCE).facts["work_status"] == ("own" if shown else "unknown")
    assert made(own, {"route": route}).facts["work_status"] == "unknown"
    assert made(own, {"route": route, **own} | EVIDENCE).facts["work_status"] == "own"
    assert made(own, {"route": route, "work_status": "fact"} | EVIDENCE).facts["work_status"] == (
        "own" if shown else "unknown"
    )


@pytest.mark.parametrize("stated", ["none", "tag_only", "text", "text+notice"])
@pytest.mark.parametrize("source", [{}, {"licence": "mit"}, {"licence": "cc-by-4.0", "licence_evidence": "tag_only"}])
def test_the_text_of_a_licence_counts_only_where_the_source_has_evidence(stated, source):
    permits = stated.startswith("text")
    for rules in (policy(source), policy(source | EVIDENCE)):
        of_source = rules.sources[0]
        _, found, origins = licence_facts("mit", stated, of_source, rules)
        assert found == (stated if of_source.evidence or not permits else "tag_only")
        assert ("licence_evidence:column" in origins) == (found != "none")
    assert licence_facts("mit", stated, None, policy())[1] == ("tag_only" if permits else stated)


OF_COLUMNS = {name: [each.value for each in choices] for name, choices in CLOSED.items()} | {
    "author_died": ["1850", "1961", "2001"], "published": ["1900", "1952", "1999"], "acquired": ["payment:training"],
    "public_domain_in": ["CN", "CN EU US"], "db_extraction": ["none", "insubstantial"],
}  # fmt: skip


@given(
    st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in OF_COLUMNS.items()}),
    st.sampled_from(["none", "mit", "cc-by-nc-4.0"]),
    st.sampled_from(["none", "mit", "cc-by-nc-4.0", "custom_deny"]),
    st.sampled_from(LicenceEvidence),
    st.sampled_from(Route),
)
def test_evidence_of_the_source_never_tightens_what_columns_say(values, stated, of_source, evidence, route):
    """A database has a right of its own, which is asked about only of what is otherwise free: it is left out."""
    found = []
    for more in ({}, EVIDENCE):
        rules = _low(policy({"route": route.value, "licence": of_source, **more}))
        licence, how, _ = licence_facts(stated, evidence.value, rules.sources[0], rules)
        facts = filled(values, rules.sources[0], rules, DAY).facts
        said = {"robots_build": "allow", "stated_build": ("rsl=conditional:payment:training",)}
        found.append(decide(Situation("s", **facts, **said, licence=licence, licence_evidence=how), rules))
    assert found[1].admission <= found[0].admission
    assert (
        found[0].tier not in {"FREE_OWN", "FREE_PD", "FREE_LICENSED", "PAID_LICENSED"}
        or found[0].admission.word == "hold"
    )


def test_payments_dates_and_places_count_only_with_evidence():
    values = {"acquired": "payment:training", "author_died": "1900", "published": "1890", "public_domain_in": "CN"}
    assert {"acquired", "public_domain_in"}.isdisjoint(made(values).facts)
    found = made(values, EVIDENCE)
    assert found.facts["acquired"] == ("payment:training",)
    assert found.facts["public_domain_in"] == ("CN", "EU", "US")
    assert {"acquired:column", "public_domain_in:column+computed"} <= set(found.origins)


@given(st.dictionaries(st.sampled_from(RIGHTS_ROLES), st.text(max_size=12)), st.booleans())
def test_whatever_stands_in_a_column_is_read_or_listed_as_unknown(values, evidenced):
    """Law 1: nothing raises, and no value is let pass as another."""
    found = made(values, EVIDENCE if evidenced else ())
    listed = dict(found.unknown)
    assert all(values[name].strip() == value.strip() for name, value in listed.items())
    for name, choices in CLOSED.items():
        if name in values:
            known = values[name].strip().lower() in {each.value for each in choices}
            assert (name in listed) != known
    Situation("s", **found.facts)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("consent", "yes"), ("author_died", "c. 1900"), ("author_died", "0"), ("published", "-1"), ("works", "mine"),
        ("contract", "nobody's"), ("published", "19000"), ("author_died", "١٩٠٠"), ("published", "999"),
        ("author_died", "900"), ("published", "61"), ("public_domain_in", "FR"), ("public_domain_in", "CN, EUR"),
        ("public_domain_in", "everywhere"),
    ],
)  # fmt: skip
def test_a_value_outside_its_list_is_listed(name, value):
    found = made({name: value}, EVIDENCE)
    assert found.unknown == ((name, value),)
    assert not any(origin.startswith(f"{name}:") for origin in found.origins)


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [("consent", " Second_Live ", "second_live"), ("unlawful", "TPM", "tpm"), ("holder", "UNLOCATED", "unlocated")],
)
def test_letter_case_and_blanks_are_no_difference(name, value, fact):
    assert made({name: value}, EVIDENCE).facts[name] == fact


FREE = {"public_domain_in": ["CN", "EU", "US"]} | EVIDENCE


@pytest.mark.parametrize(
    ("values", "source", "free_in", "origin"),
    [
        ({}, FREE, ("CN", "EU", "US"), "source"),
        ({"public_domain_in": "CN; EU"}, FREE, ("CN", "EU"), "column"),
        ({"public_domain_in": "JP"}, FREE, (), ""),
        ({"public_domain_in": ""}, FREE, (), ""),
        ({"author_died": "1961"}, EVIDENCE, ("CN",), "computed"),
        ({"author_died": "1961.0"}, EVIDENCE, ("CN",), "computed"),
        ({}, {"author_died": 1961} | EVIDENCE, ("CN",), "computed"),
        ({"author_died": "2001"}, {"author_died": 1961} | EVIDENCE, (), ""),
        ({"published": "2020", "works": "government"}, EVIDENCE, ("US",), "computed"),
        ({"author_died": "2001", "published": "1999"}, FREE, (), ""),
        ({"author_died": "1961", "published": "1952"}, FREE, ("CN",), "source"),
        ({"author_died": "2001", "public_domain_in": "CN"}, EVIDENCE, (), ""),
        ({}, {"author_died": 2001} | FREE, (), ""),
        ({"public_domain_in": "cn/eu"}, FREE, ("CN", "EU"), "column"),
        ({"public_domain_in": "CN EU; FR"}, FREE, (), ""),
        # Of the place nothing is known by these dates: then it depends on how old the newest of them is.
        ({"author_died": "1977", "public_domain_in": "US"}, EVIDENCE, (), ""),
        ({"author_died": "1976", "public_domain_in": "US"}, EVIDENCE, ("US",), "column"),
        ({"published": "1977"}, FREE, (), ""),
        ({"author_died": "1961"}, FREE, ("CN", "US"), "source"),
        ({"author_died": "1961", "public_domain_in": "EU"}, EVIDENCE, ("CN",), "computed"),
        ({"author_died": "1900", "published": "1990"}, FREE, (), ""),
        (
            {"author_died": "1800", "published": "1900", "public_domain_in": "CN"},
            EVIDENCE,
            ("CN", "US"),
            "column+computed",
        ),
    ],
)
def test_public_domain_is_where_it_is_evidenced_or_computed(values, source, free_in, origin):
    """What is said of a record comes before what is said of its source, what is said before what is computed."""
    found = made(values, source)
    assert found.facts.get("public_domain_in", ()) == free_in
    assert ([o for o in found.origins if o.startswith("public_domain_in:")] or [""])[0].partition(":")[2] == origin


def test_without_a_day_no_term_is_over():
    """Nor is anything claimed against dates that nobody can count from."""
    old = {"author_died": "1600", "published": "1600"}
    for values, source in ((old, EVIDENCE), (old, FREE), (old | {"public_domain_in": "CN"}, EVIDENCE),
                           ({}, {"author_died": 1600} | FREE)):  # fmt: skip
        assert "public_domain_in" in made(values, source).facts
        assert "public_domain_in" not in made(values, source, built_on="").facts
    assert made({}, FREE, built_on="").facts["public_domain_in"] == ("CN", "EU", "US")


YEAR = st.none() | st.integers(1000, 2100)
BY = st.sampled_from(["column", "source"])


@given(st.dictionaries(st.sampled_from(JURISDICTIONS), BY), YEAR, YEAR, st.sampled_from(WORKS),
       st.integers(1900, 2100), st.booleans())  # fmt: skip
def test_no_claim_frees_what_the_dates_say_is_protected_or_cannot_have_run_out(
    claimed, died, published, works, year, known
):
    work = Dates(died, published, works)
    found = places_of(claimed, work, JURISDICTIONS, f"{year}-06-15" if known else "")
    if work == Dates():
        assert found == claimed
        return
    if not known:
        assert found == {}
        return
    newest = max(died or 0, published or 0)
    for place in JURISDICTIONS:
        status = status_in(place, work, year).status
        may = status == "pd" or (status == "unknown" and newest <= year - 50 and place in claimed)
        assert (place in found) == may
        if may:
            assert found[place] == claimed.get(place, "computed")


def test_contracts_are_named_by_column_or_are_the_sources_own():
    own = {"contract": {"training": "silent", "ends": "2027"}}
    sections = {"contracts": [GRANT]}
    assert made({}, own, **sections).facts["contract"] == "s"
    assert made({}, own, **sections).facts["built_on"] == DAY
    named = made({"contract": "deal"}, own, **sections)
    assert named.facts["contract"] == "deal"
    assert "built_on" not in named.facts
    assert "contract:column" in named.origins
    assert "contract" not in made({}, **sections).facts
    assert "contract" not in made({"contract": " "}, **sections).facts
    assert made({"contract": "s"}, own, **sections).origins == ("contract:column",)


def test_a_contract_of_another_source_is_none_of_the_record():
    """It is listed as unknown, and what the source itself agreed still counts."""
    other = {"name": "other", "route": "purchased", "contract": {"training": "granted"}, **EVIDENCE}
    own = {"contract": {"training": "forbidden"}}
    for named in ("other", "nobody's"):
        for source in ({}, own):
            rules = policy(source, other, contracts=[GRANT])
            found = filled({"contract": named}, rules.sources[0], rules, DAY)
            assert found.unknown == (("contract", named),)
            assert found.facts.get("contract") == ("s" if source else None)
            decision = decide(Situation("s", **found.facts, unknown_values=("contract",)), rules)
            assert "UNKNOWN_VALUE:contract" in decision.reasons
            assert ("CONTRACT_FORBIDS" in decision.reasons) == bool(source)
    assert filled({"contract": "other"}, None, policy({}, other), DAY).unknown == (("contract", "other"),)


@pytest.mark.parametrize(
    ("terms", "reasons"),
    [
        ({"training": "silent"}, ("PAID",)),
        ({"training": "forbidden"}, ("CONTRACT_FORBIDS",)),
        ({"commercial": "forbidden"}, ("CONTRACT_FORBIDS",)),
    ],
)
def test_what_the_contract_of_the_source_forbids_no_contract_of_a_record_permits(terms, reasons):
    rules = policy({"route": "purchased", "contract": terms}, contracts=[GRANT])
    facts = filled({"contract": "deal"}, rules.sources[0], rules, DAY).facts
    assert facts["contract"] == "deal"
    assert decide(Situation("s", **facts), rules).reasons == reasons


@pytest.mark.parametrize(
    ("contracts", "words"),
    [
        ([{**GRANT, "evidence": []}], "needs evidence"),
        ([{**GRANT, "name": ""}], "needs a name"),
        ([GRANT, GRANT], "two contracts"),
    ],
)
def test_a_contract_has_a_name_of_its_own_and_evidence(contracts, words):
    with pytest.raises(ValueError, match=words):
        policy(contracts=contracts)


def test_a_contract_goes_not_by_the_name_of_a_source_that_has_one():
    with pytest.raises(ValueError, match="two contracts"):
        policy({"contract": {"training": "silent"}}, contracts=[{**GRANT, "name": "s"}])


@pytest.mark.parametrize(
    ("scenario", "source", "why", "origin"),
    [
        ({}, {"curated": True}, "no", ""),
        ({"stage": "finetune"}, {"curated": True}, "curated", "specific_data:source"),
        ({"stage": "finetune"}, {}, "no", ""),
        ({"names": ["A Publisher"], "stage": "align"}, {"curated": True}, "purpose", "specific_data:policy"),
        ({"specific_data": True, "names": ["A Publisher"]}, {}, "declared", "specific_data:policy"),
    ],
)
def test_why_data_is_specific_is_told(scenario, source, why, origin):
    found = made({}, source, scenario=scenario)
    assert found.facts["specific_data"] == why
    assert (origin in found.origins) == bool(origin)


def test_without_a_source_what_restricts_still_counts_and_nothing_permits():
    values = {"unlawful": "illegal", "consent": "second_live", "acquired": "contribution", "author_died": "1600"}
    found = filled(values, None, policy(), DAY)
    assert found.facts["unlawful"] == "illegal"
    assert found.facts["consent"] == "tos_only"
    assert {"acquired", "public_domain_in"}.isdisjoint(found.facts)


def derived(*upstream, **own):
    return policy(
        {
            "route": "synthetic",
            "generator_tos": "permits",
            "derived_from": [source["name"] for source in upstream],
            **own,
        },
        *upstream,
    )


def of(rules):
    return decide(situation_of_source(rules.sources[0], rules, DAY), rules)


OPEN = {"name": "open", "route": "open_dataset", "licence": "cc-by-4.0", "licence_evidence": "text", **EVIDENCE}


def test_derived_data_inherits_restrictions_through_every_step():
    pirated = {"name": "pirated", "route": "open_dataset", "unlawful": "unlawful_source"}
    middle = {"name": "middle", "route": "synthetic", "generator_tos": "permits", "derived_from": ["pirated"]}
    rules = policy({"route": "synthetic", "generator_tos": "permits", "derived_from": ["middle"]}, middle, pirated)
    assert rules.upstream_of("s") == ("middle", "pirated")
    decision = of(rules)
    assert decision.admission.word == "exclude"
    assert decision.reasons == ("LINEAGE:pirated:UNLAWFUL_SOURCE",)


def test_derived_data_has_the_dearer_tier_and_the_conditions_of_both():
    shared = {**OPEN, "name": "shared", "licence": "cc-by-sa-4.0"}
    decision = of(derived(OPEN, shared, work_status="own", **EVIDENCE))
    assert (decision.tier, decision.conditions) == ("FREE_LICENSED", ("BY", "SA"))
    web = {"name": "web", "route": "crawled"}
    dearer = of(_low(derived(OPEN, web)))
    assert (dearer.tier, dearer.conditions) == ("EXEMPT_GENERAL", ("BY",))


def _low(rules):
    return Policy.model_validate(rules.model_dump() | {"scenario": {"market_effect": "low"}})


def test_the_contract_of_what_data_was_made_from_is_in_force_or_not_as_of_the_build():
    bought = {
        "name": "bought", "route": "purchased", **EVIDENCE,
        "contract": {"training": "granted", "chain": "direct", "paid": True, "ends": "2026-06-14"},
    }  # fmt: skip
    assert of(derived(bought)).reasons == ("LINEAGE:bought:CONTRACT_EXPIRED",)


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ([{"name": "s", "derived_from": ["s"]}], "derived from itself"),
        ([{"name": "s", "derived_from": ["t"]}, {"name": "t", "derived_from": ["s"]}], "derived from itself"),
        ([{"name": "s", "derived_from": ["gone"]}], "'gone'"),
        ([{"name": "s", "derived_from": ["a:b"]}, {"name": "a:b"}], "no colon"),
    ],
)
def test_lineage_ends(sources, words):
    with pytest.raises(ValueError, match=words):
        Policy.model_validate(
            {"sources": [{"route": "synthetic", "generator_tos": "permits", **source} for source in sources]}
        )
