"""The shared secret in the query: right, in each variant, added, named otherwise, untested."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

import pytest

from pytest_mews.errors import ScenarioFileError, UsageError
from pytest_mews.model.step import Send
from pytest_mews.redaction import Redactor
from pytest_mews.scenarios import loader
from pytest_mews.senders import RIGHT
from pytest_mews.senders.connector import CONNECTOR
from pytest_mews.senders.connector.token_authentication import VARIANTS, TokenAuthentication

HOOK = "https://x.example/hook"
URL = f"{HOOK}?hotel=a%20b&Token=Open%2FSesame1"
SECRET = "Open/Sesame1"
WRONG = [name for name in VARIANTS if name not in {RIGHT, "percent-encoded"}]
TWO_TOKENS = ["wrong-then-right", "right-then-wrong"]


def authentication(
    url: str, integration_url: str | None = None, secret: str | None = None, name: str | None = None
) -> TokenAuthentication:
    """Return the authentication for one URL or for two."""
    urls = {"--mews-target": url}
    if integration_url is not None:
        urls["--mews-integration-target"] = integration_url
    return TokenAuthentication(urls, secret, name)


def sent(url: str, variant: str = RIGHT, **options: str) -> str:
    """Return the URL that an attempt is sent to."""
    return authentication(url, **options).authenticate(url, b"", variant).url


def query(variant: str, url: str = URL) -> dict[str, str]:
    """Return the query of a URL with a variant of its token."""
    return dict(parse_qsl(urlsplit(sent(url, variant)).query, keep_blank_values=True))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_rest_of_the_query_is_unchanged(variant: str) -> None:
    """Only the token changes."""
    assert query(variant)["hotel"] == "a b"


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        (RIGHT, SECRET),
        ("percent-encoded", SECRET),
        ("empty", ""),
        ("shortened", "Open/Sesame"),
        ("lengthened", "Open/Sesame1x"),
        ("other-case", "oPEN/sESAME1"),
        ("missing", None),
        ("other-name", None),
    ],
)
def test_decoded_token(variant: str, expected: str | None) -> None:
    """The decoded parameter is what the name of the variant says."""
    assert query(variant).get("Token") == expected


@pytest.mark.parametrize("variant", TWO_TOKENS)
def test_two_tokens_in_one_query(variant: str) -> None:
    """Both have the documented name, and the right one is where the variant says."""
    pairs = parse_qsl(urlsplit(sent(URL, variant)).query)
    is_right = [value == SECRET for name, value in pairs if name == "Token"]
    assert is_right == [variant.startswith("right"), variant.endswith("right")]


@pytest.mark.parametrize("secret", [SECRET, "0", "0-wrong-token", "1-another-wrong-token"])
def test_a_wrong_token_is_never_right(secret: str) -> None:
    """Whatever the right token is, the wrong one is another."""
    assert query("wrong", f"{HOOK}?Token={secret}")["Token"] not in {secret, ""}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "encoded",
    ["Abc4", "Ab0d-e0", "Letters", "Long-enough%200%20Z%25%2F0", "%C3%9Ftra%C3%9Fe-0", "A+b4"],
)
def test_no_variant_reveals_the_secret_once_redacted(variant: str, encoded: str) -> None:
    """A redacted URL is the same for every secret: neither its length nor its letters show."""

    def redacted_url(value: str) -> str:
        url = f"{HOOK}?hotel=a&Token={value}"
        adds = authentication(url)
        redactor = Redactor([*adds.secrets, *adds.near_secrets])
        return redactor.redact_text(adds.authenticate(url, b"", variant).url)

    other = redacted_url("An-0ther-Secret-of-32-characters")
    assert redacted_url(encoded) == other


def test_other_name_carries_the_right_token() -> None:
    """The right secret is in a parameter with another name, also if its own name is `key`."""
    assert query("other-name")["Key"] == SECRET
    assert sent(f"{HOOK}?key=abc", "other-name", name="key") == f"{HOOK}?Token=abc"


def test_other_case_of_a_token_without_letters() -> None:
    """Digits have no case: a wrong token replaces the right one."""
    assert query("other-case", f"{HOOK}?Token=1234")["Token"] != "1234"


@pytest.mark.parametrize("encoded", ["a+b", "a%20b", "a%2Bb", "+", "%41b"])
def test_a_url_is_sent_as_the_user_typed_it(encoded: str) -> None:
    """The right token is the user's, byte for byte, also beside a wrong one or another name."""
    url = f"{HOOK}?x=1&Token={encoded}&y=2"
    assert sent(url) == url
    for variant in (*TWO_TOKENS, "other-name"):
        assert f"={encoded}" in sent(url, variant)


@pytest.mark.parametrize("decode", [unquote, unquote_plus], ids=["plus", "space"])
@pytest.mark.parametrize("encoded", ["a+b", "+a", "a+", "a%2Bb", "a%20b"])
def test_a_variant_is_what_its_name_says_in_both_readings(encoded: str, decode: object) -> None:
    """A service may decode `+` as a plus or as a space: neither accepts a wrong variant."""
    assert callable(decode)
    url = f"{HOOK}?Token={encoded}"

    def tokens(variant: str) -> list[str]:
        parts = [part.partition("=") for part in urlsplit(sent(url, variant)).query.split("&")]
        return [decode(value) for name, _, value in parts if name == "Token"]

    (right,) = tokens(RIGHT)
    assert tokens("percent-encoded") == [right]
    for variant in WRONG:
        assert tokens(variant).count(right) == (variant in TWO_TOKENS)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (HOOK, f"{HOOK}?Token=a%2Fb%20c"),
        (f"{HOOK}?", f"{HOOK}?Token=a%2Fb%20c"),
        (f"{HOOK}?x=1&y", f"{HOOK}?x=1&y&Token=a%2Fb%20c"),
        (f"{HOOK}?x=%41+b", f"{HOOK}?x=%41+b&Token=a%2Fb%20c"),
    ],
)
def test_the_token_is_added_without_changing_the_query(url: str, expected: str) -> None:
    """The other parts of the query stay the same, byte for byte."""
    assert sent(url, secret="a/b c") == expected
    assert authentication(url, secret="a/b c").without_secrets(expected) == url.rstrip("?")


def test_a_url_keeps_its_own_token() -> None:
    """--mews-token replaces no token; a note mentions the difference without either secret."""
    general, integration = f"{HOOK}?Token=mine%21", f"{HOOK}/integration"
    both = authentication(general, integration, secret="other")
    assert both.authenticate(general, b"").url == general
    assert both.authenticate(integration, b"").url == f"{integration}?Token=other"
    assert {"mine!", "other"} <= set(both.secrets)
    (note,) = both.notes
    assert note.startswith("--mews-target: ")
    assert "mine" not in note
    assert "other" not in note


def test_the_same_token_in_url_and_option_needs_no_note() -> None:
    """However it is encoded in the URL."""
    assert authentication(f"{HOOK}?Token=%6dine", secret="mine").notes == ()


def test_a_token_in_one_url_is_not_added_to_the_other() -> None:
    """The other URL can be on another server; each URL has a condition of its own."""
    general, integration = HOOK, "https://other.example/?Token=mine"
    both = authentication(general, integration)
    request = both.authenticate(general, b"", "wrong")
    assert (request.url, request.has_credentials) == (general, False)
    assert both.authenticate(integration, b"").has_credentials
    assert both.secrets == ("mine",)
    assert both.unmet_conditions["token"]
    assert not both.unmet_conditions["integration-token"]


def test_without_a_token_the_url_is_unchanged() -> None:
    """The shared secret is optional."""
    nothing = authentication(f"{HOOK}?x=1")
    assert nothing.authenticate(f"{HOOK}?x=1", b"").url == f"{HOOK}?x=1"
    assert (nothing.secrets, nothing.near_secrets, nothing.notes) == ((), (), ())
    assert all(nothing.unmet_conditions.values())


def test_a_secret_of_another_name() -> None:
    """--mews-token-name says which parameter is the secret; `Token` is then an ordinary one."""
    url = f"{HOOK}?secret=s3cret-value&Token=t0ken-value"
    named = authentication(url, name="secret")
    assert named.secrets == ("s3cret-value",)
    assert not any(named.unmet_conditions.values())
    assert named.authenticate(url, b"", "missing").url == f"{HOOK}?Token=t0ken-value"
    wrong = named.authenticate(url, b"", "wrong").url
    assert wrong.startswith(f"{HOOK}?Token=t0ken-value&secret=")
    assert "s3cret" not in wrong
    (note,) = named.notes
    assert "'Token' may be a secret" in note
    assert sent(HOOK, secret="abc", name="secret") == f"{HOOK}?secret=abc"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("secret=abc", "'secret'"),
        ("token=mine", "'token'"),
        ("key=1", "'key'"),
        ("api_key=1", "'api_key'"),
        ("hotel=0123456789abcdef", "'hotel'"),
        ("0123456789abcdef", "a value without a name"),
    ],
)
@pytest.mark.parametrize("also", ["", "Token=right&"])
def test_what_may_be_a_secret_is_never_silently_untested(query: str, named: str, also: str) -> None:
    """A note names the parameter, never its value; so does the reason of the AUTH scenarios."""
    untested = authentication(f"{HOOK}?{also}{query}")
    (note,) = untested.notes
    assert note.startswith("--mews-target: ")
    assert named in note
    assert "no scenario tests it" in note
    for text in (note, *untested.unmet_conditions.values()):
        assert query.rpartition("=")[2] not in text.replace("16 characters", "")
    if "=" in query and not also:
        assert f"--mews-token-name {named}" in note
        assert f"--mews-token-name {named}" in untested.unmet_conditions["token"]


@pytest.mark.parametrize(
    "path",
    ["/in/0a1b2c3d4e5f60718293/mews", "/in/9b2d0c1e-0000-4000-8000-0123456789ab"],
)
def test_a_segment_of_the_path_that_may_be_a_secret_is_mentioned(path: str) -> None:
    """By its number: the value may be secret."""
    (note,) = authentication(f"https://x.example{path}?Token=abc").notes
    assert "segment 2 of the path" in note
    assert path.split("/")[2] not in note


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/webhooks/mews-integration/v2?hotel=7&source=webhooks",
        "https://x.example/hook?keyword=a&design=b&author=c&Token=abc",
    ],
)
def test_ordinary_parameters_are_not_mentioned(url: str) -> None:
    """A note about everything would be read by nobody."""
    assert authentication(url).notes == ()


@pytest.mark.parametrize(
    ("url", "name", "problem"),
    [
        (f"{HOOK}?Token=s3cr3t&Token=s3cr3t2", None, "more than one Token"),
        (f"{HOOK}?a=s3cr3t&Token=", None, "has an empty Token"),
        (f"{HOOK}?a=s3cr3t&Token", None, "has an empty Token"),
        (f"{HOOK}?key=s3cr3t&key=s3cr3t2", "key", "more than one key"),
        (f"{HOOK}?a=s3cr3t", "key", "names no parameter of the URL's query"),
        (f"{HOOK}?s3cr3t", "key", "names no parameter of the URL's query"),
    ],
)
def test_an_unusable_secret_is_rejected_without_showing_it(
    url: str, name: str | None, problem: str
) -> None:
    """The message has the option and a remedy."""
    with pytest.raises(UsageError) as caught:
        authentication(url, name=name)
    assert caught.value.name in {"--mews-target", "--mews-token-name"}
    assert problem in caught.value.problem
    assert caught.value.remedy
    assert "s3cr3t" not in str(caught.value)


def test_an_unknown_variant_in_a_scenario_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file, the value and the closest variant."""
    scenario = next(scenario for scenario in CONNECTOR.scenarios() if scenario.id == "AUTH-01")
    wrong = replace(scenario, steps=(Send("message", token="wrnog"),))
    monkeypatch.setattr(loader, "load_scenarios", lambda: (wrong,))
    with pytest.raises(ScenarioFileError, match=r"AUTH-01\.toml: token.*wrnog.*Did you mean wrong"):
        CONNECTOR.scenarios()
