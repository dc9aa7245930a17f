// Beside the conversation: the ticket's fields, its promises, and why it came here.
import { html, signal, useEffect } from "../ui/html.js";
import { language } from "../ui/language.js";
import { call } from "./api.js";
import { Articles } from "./articles.js";
import { Customer } from "./customer.js";
import { Facts } from "./facts.js";
import { Icon } from "./icons.js";
import { Promised } from "./list.js";
import { did, reason } from "./reasons.js";
import { Assignment } from "./waiting.js";
import { full, moment } from "./when.js";
import { WhyNot } from "./why_not.js";
import { t } from "./words.js";

const sentences = signal({}); // "version language" -> rule id -> {name, sentence}

export function Details({ ticket, decisions, assignment, close }) {
  return html`<aside class="details" aria-label=${t("details")}>
    <header><h2>${t("details")}</h2>
      <button class="plain bare" onClick=${close} aria-label=${t("close")}><${Icon} name="close" /></button></header>
    <${Facts} ticket=${ticket} />
    <${Articles} key=${ticket.id} ticket=${ticket} />
    <${Customer} ticket=${ticket} />
    <h3>${t("promises")}</h3>
    <dl>${ticket.clocks?.map((clock) => html`<${Clock} key=${clock.metric} clock=${clock} />`)}</dl>
    ${assignment && html`<${Assignment} found=${assignment} />`}
    <h3>${t("why")}</h3>
    ${decisions.length ? decisions.map((one, at) => html`<${Decision} key=${one.id} decision=${one} first=${at === 0} />`)
      : html`<p class="muted">${t("why_none")}</p>`}
    ${decisions.length > 0 && html`<${WhyNot} key=${ticket.id} ticket=${ticket} />`}
  </aside>`;
}

function Clock({ clock }) {
  const { metric, state, deadline, breached } = clock;
  const ended = state === "done" ? t(breached ? "missed" : "kept") : t(`clock_${state}`);
  return html`<dt>${t(metric)}</dt><dd>${deadline ? html`<${Promised} at=${deadline} />` : html`<span class="muted">${ended}</span>`}</dd>`;
}

function Decision({ decision, first }) {
  const { created_at, why, hits, match, rules_version } = decision;
  const key = `${rules_version} ${language.value}`;
  const rules = sentences.value[key];
  useEffect(() => void (hits?.length && tell(key, rules_version)), [key]);
  return html`<details class="decision" open=${first}>
    <summary><time datetime=${created_at} title=${full(created_at)}>${moment(created_at)}</time> ${reason(why)}</summary>
    <h4>${t("rules_hit")} <small>${t("rules_version", { version: rules_version })}</small></h4>
    ${hits?.length ? html`<ul>${hits.map((hit) => html`<${Hit} key=${hit.rule_id} hit=${hit} told=${rules?.[hit.rule_id]} />`)}</ul>` : html`<p class="muted">${t("no_rules")}</p>`}
    ${match && html`<h4>${t("knowledge")} <small>${t(`match_${match.outcome}`)}</small></h4>
      <ul>${match.candidates?.slice(0, 3).map(({ article_id, title, confidence }) => html`<li key=${article_id} class="candidate">
        <span>${title ?? article_id}</span><meter min="0" max="1" value=${confidence}></meter><small>${Math.round(confidence * 100)}%</small></li>`)}</ul>`}
  </details>`;
}

function Hit({ hit, told }) {
  return html`<li><b>${told?.name ?? hit.rule_id}</b> <small>${t(`stage_${hit.stage}`)}</small>
    ${hit.error ? html`<p>${t("rule_failed", { error: hit.error })}</p>` : told ? html`<p>${told.sentence}</p>` : hit.did.map((done) => html`<p>${did(done)}</p>`)}</li>`;
}

/** A version's rules as sentences, read once. */
async function tell(key, version) {
  if (sentences.peek()[key]) return;
  sentences.value = { ...sentences.peek(), [key]: {} };
  const found = await call("GET", `/routing/rules/sentences?version=${version}&language=${language.value}`).catch(() => null);
  if (found) sentences.value = { ...sentences.peek(), [key]: Object.fromEntries(found.data.map((rule) => [rule.id, rule])) };
}
