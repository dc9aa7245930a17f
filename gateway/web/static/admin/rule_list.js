// The rules that decide, as sentences, each with a switch and its hits; and the changes to them that wait to be published.
import { html, useState } from "../ui/html.js";
import { call } from "../inbox/api.js";
import { complain } from "../inbox/desk.js";
import { Icon } from "../inbox/icons.js";
import { full, moment } from "../inbox/when.js";
import { language } from "../ui/language.js";
import { Loaded, mayChange, useLoaded } from "./records.js";
import { Warnings } from "./rule_difference.js";
import { Editor } from "./rule_editor.js";
import { RuleForm } from "./rule_form.js";
import { Pending } from "./rule_pending.js";
import { Recipes } from "./rule_recipes.js";
import { base, move, neighbour, put, store, work } from "./rule_work.js";
import { t } from "./words.js";

const STAGES = ["enrich", "route", "sla", "respond", "act"];

export function RuleList() {
  const [warnings, setWarnings] = useState([]);
  const [open, setOpen] = useState(null); // {what: "text", "recipes" or the place of a rule, copy}
  const state = useLoaded(async () => {
    const found = await base();
    call("POST", "/routing/check", { body: { version: found.version } }).then((said) => setWarnings(said.warnings), complain);
    return [found];
  }, "rules");
  const published = state.items?.[0];
  const copy = work.value ?? published;
  const turn = async (at, on) => {
    const rule = copy.rules[at];
    if (work.value) return put(copy, at, { ...rule, on });
    const note = t(on ? "switched_on" : "switched_off", { name: rule.name || rule.id });
    try {
      await store({ ...copy, rules: copy.rules.toSpliced(at, 1, { ...rule, on }) }, { publish: true, note });
    } catch (problem) {
      complain(problem);
    }
    state.again();
  };
  // What is opened stands among the rules as they were then, whoever publishes meanwhile.
  const show = (what) => setOpen({ what, copy });
  const close = () => setOpen(null);
  const rows = (copy?.rules ?? []).map((rule, at) => ({ rule: { on: true, ...rule, ...published?.about?.[rule.id], ...copy.checked?.sentences?.[rule.id], name: rule.name || rule.id }, at }));
  return html`<div class="bar"><p class="muted">${t("rules_lead", { version: published?.version ?? "" })}</p>
      ${mayChange() && copy && html`<button onClick=${() => show("text")}>${t("edit_as_text")}</button><button onClick=${() => show("recipes")}>${t("from_recipe")}</button>
        <button class="primary" onClick=${() => show(copy.rules.length)}>${t("add_rule")}</button>`}</div>
    ${work.value ? html`<${Pending} stored=${state.again} />` : html`<${Warnings} warnings=${warnings} />`}
    <${Loaded} state=${state} empty="">
      ${!rows.length && html`<div class="empty"><p>${t("no_rules")}</p></div>`}
      ${STAGES.filter((stage) => rows.some(({ rule }) => rule.stage === stage)).map((stage) => html`<section key=${stage}><h2>${t(`stage_${stage}`)}</h2>
        <ul class="records">${rows.filter(({ rule }) => rule.stage === stage).map(({ rule, at }) => html`<li key=${rule.id}><${RuleRow} rule=${rule} turn=${(on) => turn(at, on)} change=${() => show(at)} copy=${copy} at=${at} /></li>`)}</ul></section>`)}
    <//>
    ${open?.what === "text" && html`<${Editor} copy=${open.copy} close=${close} stored=${state.again} />`}
    ${open?.what === "recipes" && html`<${Recipes} copy=${open.copy} close=${close} />`}
    ${Number.isInteger(open?.what) && html`<${RuleForm} key=${open.what} copy=${open.copy} at=${open.what} close=${close} />`}`;
}

function RuleRow({ rule, turn, change, copy, at }) {
  const mover = (by, name) => html`<button class="plain bare" disabled=${neighbour(copy.rules, at, by) < 0} onClick=${() => move(copy, at, by)} aria-label=${t(name, { name: rule.name })}><${Icon} name=${by < 0 ? "up" : "down"} /></button>`;
  return html`<div class=${`record rule${rule.on ? "" : " off"}`}>
    ${mayChange() ? html`<button class="plain name" onClick=${change}><b>${rule.name}</b></button>` : html`<b>${rule.name}</b>`}
    <span>${language.value === "zh" ? rule.zh : rule.en}</span>
    <small class="muted">${t("hits_n", { n: rule.hits ?? 0 })}${rule.last_fired_at && html` · ${t("last_fired")} <time datetime=${rule.last_fired_at} title=${full(rule.last_fired_at)}>${moment(rule.last_fired_at)}</time>`}
      ${rule.failed > 0 && html` · <span class="state bad">${t("failed_n", { n: rule.failed })}</span>`}</small>
    ${mayChange() && html`<span class="movers">${mover(-1, "move_up")}${mover(1, "move_down")}</span>`}
    <label class="switch"><input type="checkbox" role="switch" checked=${rule.on} disabled=${!mayChange()} onChange=${(event) => turn(event.currentTarget.checked)} />
      <span class="unseen">${rule.name}</span></label></div>`;
}
