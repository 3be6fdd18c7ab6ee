"""Markdown from editors: whatever they write, no script survives, and links lead to pages and mailboxes alone."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.subgraph.markdown_rules import html_of

REL = 'rel="noopener noreferrer nofollow"'
ALLOWED = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "strong", "ul",
}  # fmt: skip


class Reader(HTMLParser):
    """Reads HTML as a browser would, and keeps every tag and attribute."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


def check_harmless(html: str) -> None:
    read = Reader(html)
    assert read.tags <= ALLOWED
    for tag, name, value in read.attributes:
        assert (tag, name) in {("a", "href"), ("a", "title"), ("a", "rel"), ("ol", "start")}
        if name == "href":
            # A browser throws control characters and spaces away before it looks at the scheme.
            scheme = re.match(r"([a-z][a-z0-9+.-]*):", re.sub(r"[\x00-\x20]", "", value), re.IGNORECASE)
            assert scheme is None or scheme[1].lower() in {"http", "https", "mailto"}, value


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("", ""),
        ("# Tour\n\nTwo *nights*,\n**sold** ~~out~~.",
         "<h1>Tour</h1>\n<p>Two <em>nights</em>,\n<strong>sold</strong> <s>out</s>.</p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>\n'),
        ("> `x<y`", "<blockquote>\n<p><code>x&lt;y</code></p>\n</blockquote>\n"),
        ("[tickets](https://e.org/a?b=1&c=2)", f'<p><a href="https://e.org/a?b=1&amp;c=2" {REL}>tickets</a></p>\n'),
        ("<https://e.org>", f'<p><a href="https://e.org" {REL}>https://e.org</a></p>\n'),
        ("<help@e.org>", f'<p><a href="mailto:help@e.org" {REL}>help@e.org</a></p>\n'),
        ("AT&T < 5 > 3", "<p>AT&amp;T &lt; 5 &gt; 3</p>\n"),
    ],
)  # fmt: skip
def test_markdown_is_html(markdown: str, html: str) -> None:
    assert html_of(markdown) == html


PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=alert(1)>'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "<style>@import 'https://evil.example'</style>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](java&#x09;script:alert(1))",
    "[x](java&NewLine;script:alert(1))",
    "[x](&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;:alert(1))",
    "[x](\\javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](< javascript:alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://e.org/1)",
    "[x](ftp://e.org)",
    '[x](https://e.org "" onmouseover="alert(1)")',
    '[x](https://e.org/"onmouseover=alert(1))',
    "[x](https://e.org 'a>b<script>alert(1)</script>')",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    "[![x](javascript:alert(1))](javascript:alert(2))",
    "[a]: javascript:alert(1)\n\n[a]",
    "[a][b]\n\n[b]: data:text/html,x 'y'",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    '``` "onclick=alert(1)\nx\n```',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)",
    "*<script>*alert(1)*</script>*",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "a\u0000<script>alert(1)</script>",
    "\ufeff<script>alert(1)</script>",
    "\u2028<script>alert(1)</script>",
    "> <script>\n> alert(1)\n> </script>",
    "1. <script>\n   alert(1)",
    "    <script>alert(1)</script>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<details ontoggle=alert(1) open>x</details>",
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("around", ["{}", "# {}", "- {}", "> {}", "**{}**", "a [{}](https://e.org) b"])
def test_no_script_survives(payload: str, around: str) -> None:
    check_harmless(html_of(around.format(payload)))


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a onclick=alert(1)>x</a>",
        "<a href='java&#x09;script:alert(1)'>x</a>",
        "<a href='&#106;avascript:alert(1)'>x</a>",
        "<p style='x'>y</p>",
    ],
)
def test_negative_control_the_check_sees_what_is_harmful(html: str) -> None:
    with pytest.raises(AssertionError):
        check_harmless(html)


FRAGMENTS = st.sampled_from(
    [*PAYLOADS, "](", "[", "<", ">", "`", "*", "\n", " ", "javascript:", "&#", "\\", '"', "'"]
)


@given(st.lists(st.one_of(FRAGMENTS, st.text(max_size=8)), max_size=12))
def test_no_mixture_of_them_does(parts: list[str]) -> None:
    check_harmless(html_of("".join(parts)))
