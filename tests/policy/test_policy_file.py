"""Policy files: what is read, and what is said about mistakes."""

import pytest

from rightful.errors import PolicyError
from rightful.facts.rights import Route
from rightful.policy.policy import Policy
from rightful.policy.policy_file import init_policy, parse_policy, policy_template, read_policy
from rightful.policy.sections import Section

EVIDENCE = f'evidence = ["sha256:{"ab" * 32}"]\n'
MINIMAL = '[[sources]]\nname = "web"\nroute = "crawled"\n'


def test_the_template_works_as_it_is(tmp_path):
    policy = read_policy(init_policy(tmp_path / "new" / "policy.toml"))
    assert [source.route.value for source in policy.sources] == ["crawled"]
    assert "gptbot" in policy.crawler.effective
    assert policy.crawler.effective[-1] == "*"


def test_the_template_shows_every_setting():
    """A setting nobody is told about is set by nobody."""
    text = policy_template()
    for section, field in Policy.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, Section):
            for name in model.model_fields:
                assert name in text, f"[{section}] {name} is not in the template"


def test_the_template_states_the_defaults():
    """What the template says is the default is the default, but for what every operator must say for himself."""
    told = parse_policy(policy_template()).model_dump(exclude={"name", "sources"})
    default = parse_policy(MINIMAL).model_dump(exclude={"name", "sources"})
    told["scenario"]["market_effect"] = default["scenario"]["market_effect"]
    assert told == default


def test_an_existing_file_is_not_overwritten(tmp_path):
    file = tmp_path / "policy.toml"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(PolicyError, match="is there already"):
        init_policy(file)
    assert file.read_text(encoding="utf-8") == "mine"


def test_the_id_depends_on_settings_and_on_nothing_else():
    one = parse_policy(MINIMAL)
    assert parse_policy(f"# a remark\n{MINIMAL}\n\n").id == one.id
    assert parse_policy(f"{MINIMAL}\n[gates]\nnc_is_reservation = true\n").id == one.id
    assert parse_policy(f"{MINIMAL}\n[gates]\nnc_is_reservation = false\n").id != one.id
    assert Policy.from_canonical(one.canonical) == one


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (MINIMAL + "[protocols]\nany_shceme = true\n", 5, "did you mean 'any_scheme'"),
        (MINIMAL + "[protocol]\nrobots = 'strict'\n", 4, "did you mean 'protocols'"),
        (MINIMAL.replace("crawled", "crawld"), 3, "sources.0.route"),
        (MINIMAL + '[[sources]]\nname = "web"\nroute = "crawled"\n', 0, "two sources have the name 'web'"),
        (
            MINIMAL + '[[sources]]\nname = "b"\nroute = "pool"\n[sources.contract]\ntrainin = "silent"\n',
            8,
            "'training'",
        ),
        (MINIMAL + 'licence = "CC BY or so"\n', 0, "no licence of the table"),
        (MINIMAL + 'work_status = "own"\n', 1, "evidence"),
        (MINIMAL + 'evidence = ["sha256:123"]\n', 4, "evidence"),
        (MINIMAL + '[crawler]\npurposes = ["traning"]\n', 4, "purposes: training"),
        (MINIMAL + "[quality]\nmax_duplicate_share = 7\n", 5, "less than or equal to 1"),
        ('name = "x"\n', 0, "where the records come from"),
        ("name = = 1\n", 0, "line 1"),
    ],
)
def test_mistakes_are_named_with_their_line(text, line, words):
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, name="p.toml")
    assert words in str(caught.value)
    if line:
        assert f"p.toml:{line}:" in str(caught.value)


def test_every_mistake_is_listed_at_once():
    with pytest.raises(PolicyError) as caught:
        parse_policy(MINIMAL + "[gates]\na = 1\nb = 2\n")
    assert str(caught.value).startswith("2 mistakes")


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(PolicyError, match="rightful policy init"):
        read_policy(tmp_path / "none.toml")


def test_permissions_need_evidence():
    for claim in (
        'licence = "cc-by-4.0"\nlicence_evidence = "text"',
        'public_domain_in = ["CN"]',
        'work_status = "official"',
        'consent = "second_live"',
        'contract = { training = "granted" }',
    ):
        with pytest.raises(PolicyError, match="needs evidence"):
            parse_policy(MINIMAL + claim)
        parse_policy(f'{MINIMAL}{claim}\nevidence = ["sha256:{"ab" * 32} the document"]\n')
    # A restriction needs none.
    parse_policy(MINIMAL + 'contract = { training = "forbidden" }\nlicence = "cc-by-nc-4.0"\n')


@pytest.mark.parametrize(
    ("section", "setting"),
    [
        ("protocols", 'unsafe_keep_uncaptured = "on"'),
        ("protocols", "unsafe_keep_uncaptured = 1"),
        ("protocols", 'any_scheme = "yes"'),
        ("protocols", 'max_capture_age_days = "7"'),
        ("protocols", "max_capture_age_days = true"),
        ("capture", 'timeout_seconds = "20"'),
        ("columns", 'label = "a.b"'),
    ],
)
def test_nothing_is_guessed(section, setting):
    with pytest.raises(PolicyError) as caught:
        parse_policy(f"{MINIMAL}\n[{section}]\n{setting}\n")
    assert setting.partition(" ")[0] in str(caught.value)


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "policy.toml").write_text(f"\ufeff{MINIMAL}", encoding="utf-8")
    assert read_policy(tmp_path / "policy.toml").id == parse_policy(MINIMAL).id


RATE = '[[rates]]\namount = "1"\ncurrency = "CNY"\n'


@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        ("", "", True),
        ('tier = "PAID_SCENARIO"\n', 'source = "web"\n', True),
        ('tier = "PAID_SCENARIO"\n', 'tier = "PAID_LICENSED"\n', False),
        ('tier = "PAID_SCENARIO"\n', "", False),
        ('tier = "PAID_SCENARIO"\nsource = "web"\n', 'tier = "PAID_LICENSED"\nmodel = "use"\n', False),
    ],
)
def test_rates_that_fit_the_same_records_are_refused(one, other, refused):
    text = MINIMAL + RATE + one + RATE + other
    if refused:
        with pytest.raises(PolicyError, match="two rates may fit the same records"):
            parse_policy(text)
    else:
        assert len(parse_policy(text).rates) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MINIMAL + f'evidence = ["sha256:{"0" * 64}"]\n', "a digest of zeros"),
        (MINIMAL + f'evidence = ["sha256:{"0" * 64} the document"]\n', "a digest of zeros"),
        (MINIMAL + "[scenario]\njurisdictions = []\n", "jurisdictions"),
        (MINIMAL + '[scenario]\njurisdictions = ["FR"]\n', "jurisdictions"),
        (MINIMAL + '[scenario]\njurisdictions = ["eu"]\n', "jurisdictions"),
        (MINIMAL + f'{EVIDENCE}public_domain_in = ["FR"]\n', "public_domain_in"),
        (MINIMAL + f"{EVIDENCE}author_died = 999\n", "author_died"),
        (MINIMAL + f"{EVIDENCE}published = 10000\n", "published"),
        (MINIMAL + f'{EVIDENCE}published = "1900"\n', "published"),
        (MINIMAL + f"{EVIDENCE}published = 1900.0\n", "published"),
        (MINIMAL + f"{EVIDENCE}published = true\n", "published"),
        (MINIMAL + '[as_of]\nbuild_date = "2026-02-30"\n', "no calendar"),
        (MINIMAL + '[as_of]\nbuild_date = "2026-02"\n', "is no day"),
        (MINIMAL + '[scenario]\nretention_until = "2026-13"\n', "no calendar"),
        (MINIMAL + 'contract = { starts = "2027", ends = "2026" }\n', "before it starts"),
        (MINIMAL + 'contract = { starts = "2026-06-15", ends = "2026-06-14" }\n', "before it starts"),
        (MINIMAL + 'contract = { ends = "2025-02-29" }\n', "no calendar"),
        (MINIMAL + 'contract = { ends = "0000" }\n', "is no date"),
        (MINIMAL + 'contract = { ends = "soon" }\n', "is no date"),
        (MINIMAL + '[[contracts]]\nname = "deal"\nstarts = "2026-00"\n', "is no date"),
        (MINIMAL + '[[rates]]\ntier = "FREE_PD"\namount = "1"\ncurrency = "CNY"\n', "tier"),
        (MINIMAL + '[[rates]]\nsource = "wbe"\namount = "1"\ncurrency = "CNY"\n', "no source of this policy"),
    ],
)
def test_what_can_be_nothing_is_refused(text, words):
    with pytest.raises(PolicyError) as caught:
        parse_policy(text)
    assert words in str(caught.value)


def test_what_is_just_possible_is_read():
    """Each is the last value before one that is refused above."""
    years = parse_policy(f"{MINIMAL}{EVIDENCE}author_died = 1000\npublished = 9999\n").sources[0]
    assert (years.author_died, years.published) == (1000, 9999)
    agreed = parse_policy(MINIMAL + 'contract = { starts = "2026-06-30", ends = "2026-06" }\n').sources[0].contract
    assert (agreed.starts, agreed.ends) == ("2026-06-30", "2026-06")
    assert parse_policy(MINIMAL + '[as_of]\nbuild_date = "2024-02-29"\n').as_of.build_date == "2024-02-29"
    five = parse_policy(MINIMAL + '[scenario]\njurisdictions = ["CN", "EU", "US", "UK", "JP"]\n')
    assert five.scenario.jurisdictions == ("CN", "EU", "US", "UK", "JP")
    for tier in ("PAID_LICENSED", "PAID_SCENARIO", "POOL_SHARE", "PERMISSION_AND_PAY"):
        rate = f'[[rates]]\ntier = "{tier}"\nsource = "web"\namount = "1"\ncurrency = "CNY"\n'
        assert parse_policy(MINIMAL + rate).rates[0].tier == tier


@pytest.mark.parametrize("upstream", ['route = "crawled"', 'route = "open_dataset"\nderived_from_crawl = true'])
@pytest.mark.parametrize("between", [False, True])
@pytest.mark.parametrize("route", [route.value for route in Route])
def test_what_is_copied_from_a_crawl_says_so(route, between, upstream):
    """What is written or generated out of a crawl has its lineage, and is no crawl."""
    step = '[[sources]]\nname = "step"\nroute = "synthetic"\nderived_from = ["web"]\n' if between else ""
    text = (
        f'[[sources]]\nname = "web"\n{upstream}\n{step}'
        f'[[sources]]\nname = "copy"\nroute = "{route}"\nderived_from = ["{"step" if between else "web"}"]\n'
    )
    if route in {"open_dataset", "purchased", "pool"}:
        with pytest.raises(PolicyError, match=r"'copy' is derived from 'web', a crawl: say derived_from_crawl = true"):
            parse_policy(text)
    else:
        assert not parse_policy(text).sources_by_name["copy"].derived_from_crawl
    assert parse_policy(f"{text}derived_from_crawl = true\n").sources_by_name["copy"].crawl_like
