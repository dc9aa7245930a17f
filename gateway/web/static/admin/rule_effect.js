// The effects of a rule as rows: what is done, and with what.
import { html } from "../ui/html.js";
import { choicesOf, effectsOf, fieldNamed, named, settable } from "./rule_grammar.js";
import { parsed } from "./rule_condition.js";
import { Area, Choice, Number_, Several, Text, While } from "./rule_value.js";
import { t } from "./words.js";

const BLANK = {
  set: { set: "queue", to: "" }, tag: { tag: "" }, require: { require: { skill: "", level: 1 } }, reply: { reply: "" }, answer: { answer: "" }, handover: { handover: true }, skip_bot: { skip_bot: true },
  discard: { discard: "" }, policy: { policy: "" }, notify: { notify: [] }, webhook: { webhook: "" }, snooze: { snooze: "1h" }, spam: { spam: true },
};
const kindOf = (effect) => Object.keys(BLANK).find((key) => key in effect);

export const newEffect = (stage) => BLANK[{ enrich: "tag", route: "set", sla: "policy", respond: "reply", act: "notify" }[stage]];

export function Effect({ effect, stage, set, label }) {
  if (typeof effect !== "object" || effect === null || !kindOf(effect)) return html`<${AsText} value=${effect} set=${set} label=${label} />`;
  const kind = kindOf(effect);
  const kinds = effectsOf(stage);
  return html`<${Choice} label=${`${label}: ${t("what_is_done")}`} value=${kind} set=${(one) => set(BLANK[one])} options=${kinds.some(([one]) => one === kind) ? kinds : [...kinds, [kind, kind]]} empty="" />
    <${Details} kind=${kind} effect=${effect} set=${set} label=${`${label}: ${t("the_value")}`} />`;
}

function Details({ kind, effect, set, label }) {
  const own = (value) => set({ [kind]: value });
  switch (kind) {
    case "set": return html`<${Set_} effect=${effect} set=${set} label=${label} />`;
    case "tag": case "discard": return html`<${Text} label=${label} value=${effect[kind]} set=${own} />`;
    case "require": return html`<${Choice} label=${label} value=${effect.require.skill} set=${(skill) => own({ ...effect.require, skill })} options=${named("skills")} />
      <${Choice} label=${`${label}: ${t("the_level")}`} value=${String(effect.require.level ?? 1)} set=${(level) => own({ ...effect.require, level: Number(level) })} options=${[1, 2, 3, 4, 5].map((level) => [String(level), t("level_n", { n: level })])} empty="" />`;
    case "reply": return html`<div class="wide"><${Area} rows=${4} label=${label} value=${effect.reply} set=${own} /><small>${t("reply_hint")}</small></div>`;
    case "answer": return html`<${Choice} label=${label} value=${effect.answer} set=${own} options=${named("articles")} />`;
    case "policy": return html`<${Choice} label=${label} value=${effect.policy} set=${own} options=${named("policies")} />`;
    case "snooze": return html`<${While} label=${label} value=${effect.snooze} set=${own} />`;
    case "webhook": return typeof effect.webhook === "string" ? html`<${Text} label=${label} value=${effect.webhook} set=${own} placeholder="https://" />` : html`<${AsText} value=${effect} set=${set} label=${label} />`;
    case "notify": return html`<${Notify} to=${effect.notify} set=${own} whole=${effect} setWhole=${set} label=${label} />`;
    default: return null;
  }
}

function AsText({ value, set, label }) {
  return html`<div class="wide"><${Area} code rows=${3} label=${label} value=${typeof value === "string" ? value : JSON.stringify(value)} set=${(text) => set(parsed(text))} /><small>${t("as_text_hint")}</small></div>`;
}

function Set_({ effect, set, label }) {
  const field = fieldNamed(effect.set) ?? { name: effect.set, kind: "text" };
  const options = effect.set === "policy" ? named("policies") : choicesOf(field);
  const to = (value) => set({ set: effect.set, to: value });
  const value = effect.to;
  return html`<${Choice} label=${`${label}: ${t("the_field")}`} value=${effect.set} set=${(name) => set({ set: name, to: "" })} options=${settable()} empty="" />
    ${field.holds === "boolean" ? html`<${Choice} label=${label} value=${value === "" ? "" : String(value)} set=${(one) => to(one === "" ? "" : one === "true")} options=${options} />`
    : options ? html`<${Choice} label=${label} value=${value} set=${to} options=${options} />`
    : field.holds === "number" ? html`<${Number_} label=${label} value=${value} set=${to} />` : html`<${Text} label=${label} value=${value} set=${to} />`}`;
}

function Notify({ to, set, whole, setWhole, label }) {
  const { to: people, text, ...more } = typeof to === "object" && !Array.isArray(to) ? to : { to };
  const list = [people ?? []].flat();
  if (Object.keys(more).length || list.some((one) => typeof one !== "string")) return html`<${AsText} value=${whole} set=${setWhole} label=${label} />`;
  const options = [["everyone", t("everyone")], ["supervisors", t("supervisors")], ...named("queues").map(([id, name]) => [`queue:${id}`, t("people_of", { queue: name })]), ...named("agents")];
  const write = (names, words) => set(words ? { to: names, text: words } : names);
  return html`<div class="wide"><${Several} label=${label} value=${list} set=${(names) => write(names, text)} options=${options} />
    <${Text} label=${t("told_text")} placeholder=${t("told_text")} value=${text} set=${(words) => write(list, words)} /></div>`;
}
