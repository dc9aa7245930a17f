// Why nobody has a ticket yet, agent by agent, and whom it was offered to.
import { html } from "../ui/html.js";
import { language } from "../ui/language.js";
import { agents } from "./catalogue.js";
import { why } from "./reasons.js";
import { full, moment, span } from "./when.js";
import { t } from "./words.js";

const MOST = 12;

export function Assignment({ found }) {
  const { nobody, offers, expected_wait_seconds: wait } = found;
  if (!nobody && !offers.length) return null;
  return html`<h3>${t("who_gets_it")}</h3>
    ${nobody && html`<${Nobody} nobody=${nobody} wait=${wait} />`}
    ${offers.map((offer) => html`<${Offer} key=${offer.id} offer=${offer} />`)}`;
}

function Nobody({ nobody, wait }) {
  const able = nobody.agents.filter(({ reason }) => reason !== "unskilled" && reason !== "pinned");
  return html`<div class="decision">
    <p>${able.length ? t("could_take_it", { n: able.length }) : t("nobody_could")}</p>
    ${wait !== null && html`<p class="muted">${t("likely_within", { time: span(wait * 1000) })}</p>`}
    ${nobody.next_shift && html`<p class="muted">${t("next_shift", { time: moment(nobody.next_shift) })}</p>`}
    <ul>${able.slice(0, MOST).map(({ agent_id, name, reason, detail }) => html`<li key=${agent_id} title=${detail}><b>${name}</b>${" "}<small>${language.value === "en" ? detail : t(`keeps_${reason || "free"}`)}</small></li>`)}
      ${able.length > MOST && html`<li><small>${t("and_more", { n: able.length - MOST })}</small></li>`}</ul>
  </div>`;
}

function Offer({ offer }) {
  const { agent_id, state, created_at } = offer;
  const name = agents.value.find(({ id }) => id === agent_id)?.name ?? agent_id;
  return html`<div class="decision"><p><time datetime=${created_at} title=${full(created_at)}>${moment(created_at)}</time> <b>${name}</b> <small>${t(`offer_${state}`)}</small></p>
    <p class="muted">${why(offer.why)}</p></div>`;
}
