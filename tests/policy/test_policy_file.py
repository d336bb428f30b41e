"""Policy files: what is read, and what is said about mistakes."""

import pytest

from rightful.errors import PolicyError
from rightful.policy.policy import Policy
from rightful.policy.policy_file import init_policy, parse_policy, policy_template, read_policy
from rightful.policy.sections import Section

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
        parse_policy(f'{MINIMAL}{claim}\nevidence = ["sha256:{"0" * 64} the document"]\n')
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
