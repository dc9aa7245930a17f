// How right the assistant has been, what a stricter or looser setting would have done with the same questions, and which holds.
import { html, useState } from "../ui/html.js";
import { call, callWithTag } from "../inbox/api.js";
import { complain, toast } from "../inbox/desk.js";
import { full, moment } from "../inbox/when.js";
import { who } from "./audit.js";
import { Loaded, mayChange, useLoaded } from "./records.js";
import { t } from "./words.js";

const percent = (share) => `${Math.round(share * 100)} %`;
/** A target is no measurement: it is told as it was chosen. */
const exact = (target) => `${Number((target * 100).toFixed(2))} %`;

export function Precision() {
  // A list of one, so that it loads and fails as lists do.
  const state = useLoaded(async () => {
    const [found, inForce] = await Promise.all([call("GET", "/knowledgebase/precision?days=30"), callWithTag("GET", "/knowledgebase/target-precision")]);
    return [{ found, inForce }];
  }, "precision");
  return html`<${Loaded} state=${state}>${state.items?.map(({ found, inForce }) => html`<${Settings} key="30" found=${found} inForce=${inForce} again=${state.again} />`)}<//>`;
}

function Settings({ found: { target, state, precision, settings }, inForce, again }) {
  const nearest = settings.reduce((best, one, at) => (Math.abs(one.target - target) < Math.abs(settings[best].target - target) ? at : best), 0);
  const [at, setAt] = useState(nearest);
  const [busy, setBusy] = useState(false);
  const one = settings[at];
  const use = async () => {
    setBusy(true);
    try {
      await call("PUT", "/knowledgebase/target-precision", { body: { target: one.target }, etag: inForce.etag });
      toast.value = { text: t("target_used", { target: exact(one.target) }) };
    } catch (problem) {
      complain(problem);
    }
    setBusy(false);
    again();
  };
  return html`<p class="lead">${t(`precision_${state}`, { target: exact(target) })}</p>
    <dl class="figures"><${Figure} name="answers_right" share=${precision} /></dl>
    <section class="decided"><p class="asked"><label for="target">${t("target_asked", { target: exact(one.target) })}</label>
        <input id="target" type="range" min="0" max=${settings.length - 1} value=${at} aria-valuetext=${exact(one.target)} onInput=${(event) => setAt(Number(event.currentTarget.value))} /></p>
      <dl class="figures" aria-live="polite">${["answered", "suggested", "precision"].map((name) => html`<${Figure} key=${name} name=${`would_${name}`} share=${one[name]} />`)}</dl>
      <${InForce} chosen=${inForce.value} />
      ${mayChange() && html`<span class="ends"><button class="primary" disabled=${busy || one.target === inForce.value.target} onClick=${use}>${t("use_target")}</button></span>`}</section>`;
}

function InForce({ chosen: { target, chosen_by, chosen_at } }) {
  const said = { target: exact(target), who: who(chosen_by), time: chosen_at && moment(chosen_at) };
  return html`<p class="muted" title=${chosen_at && full(chosen_at)}>${t(chosen_at ? "target_chosen" : "target_setting", said)}</p>`;
}

/** A share with the interval that so many allow. */
function Figure({ name, share: { value, low, high, of } }) {
  const told = value === null ? "–" : t("share_of", { value: percent(value), low: percent(low), high: percent(high), n: of });
  return html`<div><dt>${t(name)}</dt><dd>${told}</dd></div>`;
}
