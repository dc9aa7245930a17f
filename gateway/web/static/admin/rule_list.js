// The rules that decide, as sentences, each with a switch and its hits; every switch publishes a new version.
import { html, useState } from "../ui/html.js";
import { call, callWithTag } from "../inbox/api.js";
import { complain } from "../inbox/desk.js";
import { full, moment } from "../inbox/when.js";
import { language } from "../ui/language.js";
import { Loaded, mayChange, useLoaded } from "./records.js";
import { Warnings } from "./rule_difference.js";
import { Editor } from "./rule_editor.js";
import { t } from "./words.js";

const STAGES = ["enrich", "route", "sla", "respond", "act"];

export function RuleList() {
  const [version, setVersion] = useState(0);
  const [warnings, setWarnings] = useState([]);
  const [editing, setEditing] = useState(false);
  const state = useLoaded(async () => {
    const found = await call("GET", "/routing/rules");
    setVersion(found.version);
    call("POST", "/routing/check", { body: { version: found.version } }).then((said) => setWarnings(said.warnings), complain);
    return found.rules.map((rule) => ({ on: true, ...rule, ...found.about[rule.id], name: rule.name || rule.id }));
  }, "rules");
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
  const close = () => {
    setEditing(false);
    state.again();
  };
  return html`<div class="bar"><p class="muted">${t("rules_lead", { version })}</p>
      ${mayChange() && html`<button onClick=${() => setEditing(true)}>${t("edit_as_text")}</button>`}</div>
    <${Warnings} warnings=${warnings} />
    <${Loaded} state=${state} empty=${t("no_rules")}>
      ${STAGES.filter((stage) => state.items?.some((rule) => rule.stage === stage)).map((stage) => html`<section key=${stage}><h2>${t(`stage_${stage}`)}</h2>
        <ul class="records">${state.items.filter((rule) => rule.stage === stage).map((rule) => html`<li key=${rule.id}><${RuleRow} rule=${rule} turn=${turn} /></li>`)}</ul></section>`)}
    <//>
    ${editing && html`<${Editor} close=${close} />`}`;
}

function RuleRow({ rule, turn }) {
  return html`<div class=${`record rule${rule.on ? "" : " off"}`}>
    <b>${rule.name}</b><span>${language.value === "zh" ? rule.zh : rule.en}</span>
    <small class="muted">${t("hits_n", { n: rule.hits })}${rule.last_fired_at && html` · ${t("last_fired")} <time datetime=${rule.last_fired_at} title=${full(rule.last_fired_at)}>${moment(rule.last_fired_at)}</time>`}
      ${rule.failed > 0 && html` · <span class="state bad">${t("failed_n", { n: rule.failed })}</span>`}</small>
    <label class="switch"><input type="checkbox" role="switch" checked=${rule.on} disabled=${!mayChange()} onChange=${(event) => turn(rule, event.currentTarget.checked)} />
      <span class="unseen">${rule.name}</span></label></div>`;
}
