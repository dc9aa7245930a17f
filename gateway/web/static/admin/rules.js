// The routing rules as sentences, each with a switch; every switch publishes a new version.
import { html, useState } from "../ui/html.js";
import { call, callWithTag } from "../inbox/api.js";
import { complain } from "../inbox/desk.js";
import { language } from "../ui/language.js";
import { Loaded, mayChange, useLoaded } from "./records.js";
import { t } from "./words.js";

const STAGES = ["enrich", "route", "sla", "respond", "act"];

export function Rules() {
  const [version, setVersion] = useState(0);
  const state = useLoaded(async () => {
    const { version, data } = await call("GET", `/routing/rules/sentences?language=${language.value}`);
    setVersion(version);
    return data;
  }, `rules ${language.value}`);
  const turn = async (rule, on) => {
    try {
      const { value, etag } = await callWithTag("GET", "/routing/rules");
      const rules = value.rules.map((one) => (one.id === rule.id ? { ...one, on } : one));
      const note = t(on ? "switched_on" : "switched_off", { name: rule.name });
      await call("PUT", "/routing/rules", { body: { publish: true, note, rules }, etag });
    } catch (problem) {
      complain(problem);
    }
    state.again();
  };
  return html`<p class="muted lead">${t("rules_lead", { version })}</p>
    <${Loaded} state=${state} empty=${t("no_rules")}>
      ${STAGES.filter((stage) => state.items?.some((rule) => rule.stage === stage)).map((stage) => html`<section key=${stage}><h2>${t(`stage_${stage}`)}</h2>
        <ul class="records">${state.items.filter((rule) => rule.stage === stage).map((rule) => html`<li key=${rule.id}><div class=${`record rule${rule.on ? "" : " off"}`}>
          <b>${rule.name}</b><span>${rule.sentence}</span>
          <label class="switch"><input type="checkbox" role="switch" checked=${rule.on} disabled=${!mayChange()} onChange=${(event) => turn(rule, event.currentTarget.checked)} />
            <span class="unseen">${rule.name}</span></label></div></li>`)}</ul></section>`)}
    <//>`;
}
