"""Markdown from editors as HTML that a page may show as it is. Pure.

Two fences: the parser knows no HTML, so that what looks like a tag stays text, and the sanitizer lets only the tags
through that Markdown makes, and only links that lead to a page or a mailbox.
"""

import nh3
from markdown_it import MarkdownIt

# A picture would tell its host who reads the page.
_parser = MarkdownIt("commonmark", {"html": False}).enable("strikethrough").disable("image")
_TAGS = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "strong", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


def html_of(markdown: str) -> str:
    """CommonMark, without HTML and pictures, as safe HTML. Links carry `rel="noopener noreferrer nofollow"`."""
    return nh3.clean(
        _parser.render(markdown),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
