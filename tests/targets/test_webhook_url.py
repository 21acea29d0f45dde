"""The URLs that a webhook may have, and their parts."""

import pytest

from gatherlog.core.eventstore.errors import Invalid
from gatherlog.targets.webhook import check_url
from gatherlog.targets.webhook_url import Endpoint, endpoint


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.example", Endpoint("https", "hooks.example", 443, "/", "hooks.example")),
        (
            "HTTP://Hooks.Example:8080/a%20b/?q=1&r=%2F",
            Endpoint("http", "hooks.example", 8080, "/a%20b/?q=1&r=%2F", "hooks.example:8080"),
        ),
        ("https://a.example:443/x", Endpoint("https", "a.example", 443, "/x", "a.example")),
        ("https://a.example?x", Endpoint("https", "a.example", 443, "/?x", "a.example")),
        ("http://10.0.0.1:81/", Endpoint("http", "10.0.0.1", 81, "/", "10.0.0.1:81")),
        ("http://[2001:DB8::1]/x", Endpoint("http", "2001:db8::1", 80, "/x", "[2001:db8::1]")),
        ("http://[::1]:81", Endpoint("http", "::1", 81, "/", "[::1]:81")),
        ("https://xn--c.example/", Endpoint("https", "xn--c.example", 443, "/", "xn--c.example")),
        ("https://a.example:/", Endpoint("https", "a.example", 443, "/", "a.example")),
        ("http://my_host/", Endpoint("http", "my_host", 80, "/", "my_host")),
    ],
)
def test_the_parts_of_a_url(url: str, expected: Endpoint) -> None:
    check_url(url)

    assert endpoint(url) == expected


ASCII = "only printable ASCII, no spaces: percent-encode the rest, xn-- for names"
SCHEME = "begins with neither https:// nor http://"
HOST = "has no host, or a malformed host or port"
CREDENTIALS = "holds a user name or password; signatures say who sends"


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("", ASCII),
        ("https://a.example/ü", ASCII),
        ("https://bücher.example", ASCII),
        ("https://a.example/a b", ASCII),
        ("https://a.example/\r\nx:y", ASCII),
        (" https://a.example", ASCII),
        ("https://a.example/\x00", ASCII),
        ("a.example/hooks", SCHEME),
        ("//a.example/hooks", SCHEME),
        ("ftp://a.example", SCHEME),
        ("file:///etc/passwd", SCHEME),
        ("javascript:alert(1)", SCHEME),
        ("https:a.example", HOST),
        ("https://", HOST),
        ("https:///hooks", HOST),
        ("https://?x", HOST),
        ("https://a..example", HOST),
        ("https://a.example.", HOST),
        ("https://a\\b.example", HOST),
        ("https://a.example:0/", HOST),
        ("https://%61.example/", HOST),
        ("https://[fe80::1%eth0]/", HOST),
        ("https://a.example:x/", HOST),
        ("https://a.example:-1/", HOST),
        ("https://a.example:65536/", HOST),
        ("https://[::1/", HOST),
        ("https://[::x]/", HOST),
        ("https://[1::2::3]/", HOST),
        ("https://[v1.x]/", HOST),
        ("https://a.example]/", HOST),
        ("https://a[::1]/", HOST),
        ("https://[::1]b/", HOST),
        ("https://a.example:80:80/", HOST),
        ("https://ada@a.example", CREDENTIALS),
        ("https://ada:s3cret@a.example", CREDENTIALS),
        ("https://a.example\\@b.example", CREDENTIALS),
        ("https://a.example/#x", "ends in a fragment, which is never sent"),
        ("https://a.example/" + "x" * 2048, "longer than 2,048 characters"),
    ],
)
def test_an_invalid_url_is_refused_with_the_reason(url: str, detail: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_url(url)

    assert str(refused.value) == f"/url: {detail}"
