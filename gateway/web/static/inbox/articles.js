// Articles that may help with the open ticket, to be put into the reply; and an article made of a reply.
import { html, useEffect, useState } from "../ui/html.js";
import { linked } from "../ui/text.js";
import { call, callWithTag } from "./api.js";
import { complain, me, open } from "./desk.js";
import { Icon } from "./icons.js";
import { ask } from "./keys.js";
import { draftOf, redraft } from "./drafts.js";
import { t } from "./words.js";

const LEAST = 0.1; // of confidence: what is less likely to help is not worth a look

export function Articles({ ticket }) {
  const [found, setFound] = useState(null);
  const asked = open.value.messages?.findLast(({ author }) => author === "customer")?.id;
  useEffect(() => {
    if (!asked) return undefined;
    let current = true;
    const worth = ({ confidence }) => confidence === null || confidence >= LEAST;
    call("GET", `/tickets/${ticket.id}/articles`).then(({ data }) => current && setFound(data.filter(worth)), () => {});
    return () => void (current = false);
  }, [ticket.id, asked]);
  return html`<h3>${t("articles")}</h3>
    ${found?.map((one) => html`<${Suggested} key=${one.article.id} ticket=${ticket} ...${one} />`)}
    ${found?.length === 0 && html`<p class="muted">${t("articles_none")}</p>`}`;
}

function Suggested({ ticket, article, confidence }) {
  const told = confidence === null ? t("for_agents") : `${Math.round(confidence * 100)} %`;
  return html`<details class="article">
    <summary>${article.title} <small>${told}</small></summary>
    <p>${linked(article.answer)}</p>
    ${!article.internal && html`<button onClick=${() => quote(ticket, article)}>${t("use_article")}</button>`}
  </details>`;
}

/** Puts the answer behind what is written already; the reply then says which article it is made from. */
function quote(ticket, { id, title, answer }) {
  const { text } = draftOf(ticket.id, "reply");
  redraft(ticket.id, "reply", { text: text.trim() ? `${text.trimEnd()}\n\n${answer}` : answer, article: { id, title }, newer: null });
  ask("reply");
}

/** A reply becomes a draft with one click, and answers customers with the next one, by who may say so. */
export function MakeArticle({ message }) {
  const [drafted, setDrafted] = useState(null); // {value, etag}
  const write = (method, path, rest) => callWithTag(method, path, rest).then(setDrafted, complain);
  const draft = () => write("POST", "/article-drafts", { body: { message_id: message.id } });
  const publish = () => write("PATCH", `/articles/${drafted.value.id}`, { body: { draft: false }, etag: drafted.etag });
  if (!drafted) return html`<button class="plain bare" onClick=${draft} aria-label=${t("make_article")} title=${t("make_article")}><${Icon} name="article" /></button>`;
  const { title, draft: waits } = drafted.value;
  return html`<span class="drafted" role="status">${t(waits ? "article_drafted" : "article_published", { title })}
    ${waits && me.value.role !== "agent" && html` <button onClick=${publish}>${t("publish")}</button>`}</span>`;
}
