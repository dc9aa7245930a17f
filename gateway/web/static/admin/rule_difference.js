// What leads from one rule set to another, as sentences; and what is odd about one.
import { html } from "../ui/html.js";
import { call } from "../inbox/api.js";
import { language } from "../ui/language.js";
import { t, told } from "./words.js";

/** The difference of two versions (0: no rules) with the sentences of both. */
export async function difference(before, after) {
  const [found, was, is] = await Promise.all([call("GET", `/routing/rules/versions/${before}/diff/${after}`), sentences(before), sentences(after)]);
  return { ...found, was, is };
}

async function sentences(version) {
  if (!version) return new Map();
  const { data } = await call("GET", `/routing/rules/sentences?version=${version}&language=${language.value}`);
  return new Map(data.map((rule) => [rule.id, rule]));
}

export function Difference({ found }) {
  const { added, removed, changed, moved, lists, cases, was, is } = found;
  const others = [moved.length && t("moved", { names: moved.map((id) => is.get(id)?.name ?? id).join(", ") }), lists && t("lists_differ"), cases && t("tests_differ")].filter(Boolean);
  if (!added.length && !removed.length && !Object.keys(changed).length && !others.length) return html`<p class="muted">${t("no_difference")}</p>`;
  return html`<ul class="differences">
    ${added.map((id) => html`<li key=${id} class="added"><b>${t("rule_added", { name: is.get(id)?.name ?? id })}</b><ins>${is.get(id)?.sentence}</ins></li>`)}
    ${removed.map((id) => html`<li key=${id} class="removed"><b>${t("rule_removed", { name: was.get(id)?.name ?? id })}</b><del>${was.get(id)?.sentence}</del></li>`)}
    ${Object.entries(changed).map(([id, members]) => html`<li key=${id}><${Changed} was=${was.get(id)} is=${is.get(id)} members=${members} /></li>`)}
    ${others.map((said) => html`<li key=${said}>${said}</li>`)}
  </ul>`;
}

function Changed({ was, is, members }) {
  const words = members.map((name) => (name === "on" ? t(is.on ? "turned_on" : "turned_off") : told(`member_${name}`, name))).join(", ");
  return html`<b>${t("rule_changed", { name: is.name, what: words })}</b>
    ${was.sentence !== is.sentence && html`<del>${was.sentence}</del><ins>${is.sentence}</ins>`}`;
}

/** What the static analysis found; nothing where it found nothing. */
export function Warnings({ warnings }) {
  if (!warnings.length) return null;
  return html`<details class="warnings" open=${warnings.length < 4}><summary>${t("warnings_n", { n: warnings.length })}</summary>
    <ul>${warnings.map(({ pointer, code, rule_id, detail, zh }) => html`<li key=${pointer + code}><b>${rule_id}</b> <span class="state">${told(`odd_${code}`, code)}</span> ${language.value === "zh" ? zh : detail}</li>`)}</ul></details>`;
}
