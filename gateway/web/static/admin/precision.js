// How right the assistant has been, and what a stricter or looser setting would have done with the same questions.
import { html, useState } from "../ui/html.js";
import { call } from "../inbox/api.js";
import { Loaded, useLoaded } from "./records.js";
import { t } from "./words.js";

const percent = (share) => `${Math.round(share * 100)} %`;

export function Precision() {
  // A list of one, so that it loads and fails as lists do.
  const state = useLoaded(() => call("GET", "/knowledgebase/precision?days=30").then((found) => [found]), "precision");
  return html`<${Loaded} state=${state}>${state.items?.map((found) => html`<${Settings} key="30" found=${found} />`)}<//>`;
}

function Settings({ found: { target, state, precision, settings } }) {
  const nearest = settings.reduce((best, one, at) => (Math.abs(one.target - target) < Math.abs(settings[best].target - target) ? at : best), 0);
  const [at, setAt] = useState(nearest);
  const one = settings[at];
  return html`<p class="lead">${t(`precision_${state}`, { target: percent(target) })}</p>
    <dl class="figures"><${Figure} name="answers_right" share=${precision} /></dl>
    <section class="decided"><p class="asked"><label for="target">${t("target_asked", { target: percent(one.target) })}</label>
        <input id="target" type="range" min="0" max=${settings.length - 1} value=${at} aria-valuetext=${percent(one.target)} onInput=${(event) => setAt(Number(event.currentTarget.value))} /></p>
      <dl class="figures" aria-live="polite">${["answered", "suggested", "precision"].map((name) => html`<${Figure} key=${name} name=${`would_${name}`} share=${one[name]} />`)}</dl>
      <p class="muted">${t("target_set", { target: one.target })}</p></section>`;
}

/** A share with the interval that so many allow. */
function Figure({ name, share: { value, low, high, of } }) {
  const told = value === null ? "–" : t("share_of", { value: percent(value), low: percent(low), high: percent(high), n: of });
  return html`<div><dt>${t(name)}</dt><dd>${told}</dd></div>`;
}
