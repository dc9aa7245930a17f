"""What people who look for words find: on the help page and in the agents' search."""

import pytest

from knowledgebase.article import Article
from knowledgebase.shelf import Shelf

SHELF = Shelf(
    Article(id=id_, title=title, answer=answer, phrasings=phrasings)
    for id_, title, answer, phrasings in (
        ("track", "How do I track my order?", "Open the link in your mail.", ("where is my parcel",)),
        ("refund", "When is my refund here?", "A refund takes five days.", ()),
        ("gift", "What is a gift card?", "It is money. The parcel comes by mail.", ()),
        ("address", "可以修改收货地址吗？", "发货前可以。", ()),
        ("ship", "多久可以收到货？", "三天。", ()),
    )
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("where is my parcel", ["track", "gift"]),
        ("wher is my parcle", ["track", "gift"]),
        ("refunds", ["refund"]),
        ("修改收货地址", ["address"]),
        ("what is", ["gift", "refund", "track"]),
        ("zzzz", []),
        ("😀 ?!", []),
    ],
)
def test_words_that_carry_subject_find_articles(text: str, found: list[str]) -> None:
    """Slips are mended; grammar counts where there is nothing else; a character in common is chance."""
    assert [article.id for article in SHELF.search(text, 10)] == found
