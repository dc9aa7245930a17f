// How the assistant gets better: how right it is, phrasings to learn, questions without an answer, articles to mend.
import { html } from "../ui/html.js";
import { all, call } from "../inbox/api.js";
import { complain, toast } from "../inbox/desk.js";
import { address, follow, route } from "../inbox/route.js";
import { full, moment } from "../inbox/when.js";
import { Precision } from "./precision.js";
import { Loaded, useLoaded } from "./records.js";
import { t, told } from "./words.js";

const PARTS = { precision: Precision, phrasings: Phrasings, gaps: Gaps, findings: Findings };

export function Learning() {
  const part = route.value.part in PARTS ? route.value.part : "precision";
  const to = (one) => ({ admin: "learning", part: one, chosen: true });
  return html`<nav class="parts" aria-label=${t("learning")}>${Object.keys(PARTS).map((one) => html`<a key=${one} href=${address(to(one))}
      aria-current=${one === part ? "page" : undefined} onClick=${(event) => follow(event, to(one))}>${t(`learning_${one}`)}</a>`)}</nav>
    <${PARTS[part]} key=${part} />`;
}

function Phrasings() {
  const state = useLoaded(async () => {
    const [waiting, articles] = await Promise.all([all("/phrasing-proposals?state=waiting"), all("/articles")]);
    const titles = new Map(articles.map(({ id, title }) => [id, title]));
    return waiting.map((one) => ({ ...one, title: titles.get(one.article_id) ?? one.article_id }));
  }, "phrasings");
  const decide = (id, how, body) => call("POST", `/phrasing-proposals/${id}/${how}`, { body }).catch(complain).then(state.again);
  return html`<p class="muted lead">${t("phrasings_lead")}</p>
    <${Loaded} state=${state} empty=${t("no_phrasings")}>
      <ul class="records">${state.items?.map(({ id, text, title, how, updated_at }) => html`<li key=${id}><div class="record">
        <b>${text}</b><span>${title} · ${told(`how_${how}`, how)} · <time datetime=${updated_at} title=${full(updated_at)}>${moment(updated_at)}</time></span>
        <span class="ends"><button class="danger" onClick=${() => decide(id, "refuse", {})}>${t("refuse")}</button>
          <button class="primary" onClick=${() => decide(id, "approve")}>${t("learn_it")}</button></span></div></li>`)}</ul>
    <//>`;
}

function Gaps() {
  const state = useLoaded(() => call("GET", "/knowledgebase/gaps").then(({ data }) => data), "gaps");
  const draft = async ({ title, answer, examples, language }) => {
    try {
      await call("POST", "/articles", { body: { title: title.slice(0, 120), answer, phrasings: examples, language, draft: true } });
      toast.value = { text: t("article_drafted", { title }) };
    } catch (problem) {
      complain(problem);
    }
  };
  return html`<p class="muted lead">${t("gaps_lead")}</p>
    <${Loaded} state=${state} empty=${t("no_gaps")}>
      <ul class="records">${state.items?.map((gap) => html`<li key=${gap.title}><details class="record">
        <summary><b>${gap.title}</b> <span class="state">${gap.volume} ×</span> <time datetime=${gap.latest} title=${full(gap.latest)}>${moment(gap.latest)}</time></summary>
        ${gap.volume > 1 && html`<ul>${gap.examples.map((text) => html`<li key=${text}>${text}</li>`)}</ul>`}
        <p>${gap.answer || t("no_reply_yet")}</p>
        <span class="ends">${gap.tickets.slice(0, 1).map((id) => html`<a key=${id} href=${address({ ticket: id })} onClick=${(event) => follow(event, { view: "all", ticket: id })}>${t("see_ticket")}</a>`)}
          ${gap.answer && html`<button onClick=${() => draft(gap)}>${t("draft_it")}</button>`}</span></details></li>`)}</ul>
    <//>`;
}

function Findings() {
  const state = useLoaded(() => call("GET", "/knowledgebase/lint").then(({ data }) => data), "findings");
  return html`<p class="muted lead">${t("findings_lead")}</p>
    <${Loaded} state=${state} empty=${t("no_findings")}>
      <ul class="records">${state.items?.map(({ code, article_id, title, detail, other_id }) => html`<li key=${`${code} ${article_id} ${other_id}`}><div class="record">
        <b>${title} <span class="state">${told(`finding_${code}`, code)}</span></b><span>${detail}</span></div></li>`)}</ul>
    <//>`;
}
