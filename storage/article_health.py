"""Articles with what lint looks at: when they were changed, and what readers said."""

from sqlalchemy import Connection, select

from knowledgebase.article import Article
from knowledgebase.lint import Kept
from storage import schema
from storage.articles import votes
from storage.rows import Mapper

_articles = Mapper(schema.articles, Article)
_row = schema.articles.c


def kept(sql: Connection) -> list[Kept]:
    """All of them, in id order."""
    said = votes(sql)
    query = _articles.select().add_columns(_row.updated_at).order_by(_row.id)
    found = []
    for line in sql.execute(query):
        article = _articles.load(line[:-1])
        found.append(Kept(article=article, changed=line[-1], votes=said.get(article.id, (0, 0))))
    return found


def all_articles(sql: Connection) -> list[Article]:
    """Every article, drafts too, in id order."""
    return [_articles.load(line) for line in sql.execute(select(*_articles._columns).order_by(_row.id))]
