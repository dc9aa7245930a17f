"""Articles as files: JSON lines, CSV, Markdown with front matter. Reading gives rows, writing texts."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
import yaml

from knowledgebase.article import Article
from knowledgebase.rows import Raw

Format = Literal["jsonl", "csv", "md", "html"]
Exported = tuple[Article, int]
"""An article and its version."""

COLUMNS: Final = (
    *("id", "title", "answer", "phrasings", "language", "tags", "draft", "folder", "internal"),
    *("valid_from", "valid_to", "translation_of", "variants", "version"),
)
_TWO_NAMES: Final = {"question": "title", "questions": "phrasings", "问题": "title", "标题": "title"} | {
    "答案": "answer",
    "回答": "answer",
    "相似问法": "phrasings",
    "语言": "language",
    "标签": "tags",
}
_FENCE: Final = "---"
_LONGEST_FRONT: Final = 200_000


def read_jsonl(content: bytes, encoding: str) -> Iterator[Raw]:
    """One article a line."""
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            values = msgspec.json.decode(line.decode(_unmarked(encoding)).lstrip("\ufeff"))
        except (UnicodeDecodeError, msgspec.DecodeError) as error:
            yield Raw(place, fault=_why(error, encoding))
            continue
        yield Raw(place, values) if isinstance(values, dict) else Raw(place, fault="It is no JSON object.")


def write_jsonl(articles: Iterable[Exported]) -> str:
    """One article a line."""
    lines = (msgspec.to_builtins(one, builtin_types=()) | {"version": version} for one, version in articles)
    return "".join(msgspec.json.encode(line).decode() + "\n" for line in lines)


def read_csv(content: bytes, encoding: str) -> Iterator[Raw]:
    """One article a row, under a heading. In their cells phrasings are parted by line breaks, tags by commas.

    Commas, semicolons or tabs part the columns, whatever the heading has most of.
    """
    lines = content.split(b"\n")
    texts: list[str] = []
    bad: dict[int, str] = {}
    for number, line in enumerate(lines, start=1):
        try:
            texts.append(line.decode(_unmarked(encoding)))
        except UnicodeDecodeError as error:
            bad[number] = _why(error, encoding)
            texts.append(line.decode("utf-8", "replace"))
    if not texts or not texts[0].strip():
        yield Raw("line 1", fault="There is no heading that names the columns.")
        return
    heading = texts[0].lstrip("\ufeff")
    reader = csv.reader(
        io.StringIO("\n".join((heading, *texts[1:]))), delimiter=max(",;\t", key=heading.count), strict=True
    )
    yield from _csv_rows(reader, bad)


def _csv_rows(reader: Any, bad: dict[int, str]) -> Iterator[Raw]:
    names: list[str] | None = None
    number, begun = 0, 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Raw(f"line {reader.line_num}", fault=f"It is no CSV: {error}.")
            return
        place, first, begun = f"row {number}", begun, reader.line_num + 1
        fault = next((why for line, why in bad.items() if first <= line < begun), "")
        if names is None:
            names = [_TWO_NAMES.get(name, name) for name in (cell.strip().casefold() for cell in cells)]
            if missing := [name for name in ("title", "answer") if name not in names]:
                yield Raw("line 1", fault=f"There is no column {' and no column '.join(missing)}.")
                return
        elif any(cell.strip() for cell in cells):
            if not fault and len(cells) > len(names):
                fault = f"It has {len(cells)} cells under {len(names)} columns."
            yield Raw(place, fault=fault) if fault else _csv_row(place, names, cells)
        number += 1


def _csv_row(place: str, names: list[str], cells: list[str]) -> Raw:
    given = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
    values: dict[str, Any] = dict(given)
    if "phrasings" in given:
        values["phrasings"] = [one for one in given["phrasings"].replace("\r", "").split("\n") if one.strip()]
    if "tags" in given:
        values["tags"] = [one.strip() for one in given["tags"].replace("，", ",").split(",") if one.strip()]
    if "variants" in given:
        try:
            values["variants"] = msgspec.json.decode(given["variants"])
        except msgspec.DecodeError as error:
            return Raw(place, fault=f"The variants are no JSON: {error}.")
    return Raw(place, values)


def write_csv(articles: Iterable[Exported]) -> str:
    """With a heading; what Excel opens as UTF-8 when its file begins with a byte order mark."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for article, version in articles:
        values = msgspec.to_builtins(article) | {"version": version}
        values["phrasings"] = "\n".join(article.phrasings)
        values["tags"] = ", ".join(article.tags)
        values["variants"] = msgspec.json.encode(article.variants).decode() if article.variants else ""
        for name in ("draft", "internal"):
            values[name] = "true" if values[name] else "false"
        writer.writerow([values[name] for name in COLUMNS])
    return out.getvalue()


def read_markdown(path: str, content: bytes, encoding: str) -> Raw:
    """One article: front matter, then the answer. The title may be its first heading; its place is its path.

    The id is the path without its ending, the folder that of the path, where the front matter names none.
    """
    try:
        text = content.decode(_unmarked(encoding)).lstrip("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        return Raw(path, fault=_why(error, encoding))
    front, answer = _front_matter(text)
    values: Any = {}
    if front:
        try:
            values = _yaml(front)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            problem = getattr(error, "problem", None) or str(error)
            return Raw(path, fault=f"The front matter is no YAML: {problem}.")
    if not isinstance(values, dict):
        return Raw(path, fault="The front matter is no list of names and values.")
    answer = answer.strip()
    if "title" not in values and answer.startswith("# "):
        heading, _, answer = answer.partition("\n")
        values["title"] = heading.removeprefix("# ").strip()
    folder, _, name = path.removesuffix(".md").rpartition("/")
    defaults = {"id": f"{folder}/{name}".strip("/").replace("/", "."), "folder": folder}
    return Raw(path, {**defaults, **{str(key): value for key, value in values.items()}, "answer": answer})


def _front_matter(text: str) -> tuple[str, str]:
    if not text.startswith(_FENCE + "\n"):
        return "", text
    front, fence, answer = text[len(_FENCE) + 1 :].partition(f"\n{_FENCE}\n")
    if not fence and front.endswith("\n" + _FENCE):
        return front.removesuffix(_FENCE), ""
    return (front, answer) if fence else ("", text)


def _yaml(front: str) -> Any:
    if len(front) > _LONGEST_FRONT:
        raise ValueError(f"it is longer than {_LONGEST_FRONT} characters")
    # What refers to itself can be small in the file and endless in memory.
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(front, yaml.SafeLoader)):
        raise ValueError("aliases are not taken")
    return yaml.safe_load(front)


def write_markdown(article: Article, version: int) -> str:
    """Front matter and the answer; what is empty is left out."""
    values = msgspec.to_builtins(article, builtin_types=(datetime,)) | {"version": version}
    front = {name: _plain(values[name]) for name in COLUMNS if name != "answer" and values[name]}
    shown = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=100)
    return f"{_FENCE}\n{shown}{_FENCE}\n\n{article.answer}\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _unmarked(encoding: str) -> str:
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _why(error: Exception, encoding: str) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"It is not {encoding} from byte {error.start} on."
    return f"It is no JSON: {error}."


Reader = Callable[[bytes, str], Iterable[Raw]]
