// What was changed and decides nothing yet: what the desk says of it, publishing it, keeping it as a draft, giving it up.
import { html, useState } from "../ui/html.js";
import { Warnings } from "./rule_difference.js";
import { Failing, Refused } from "./rule_editor.js";
import { changes, store, work } from "./rule_work.js";
import { t } from "./words.js";

/** `stored` is called once it is kept. */
export function Pending({ stored }) {
  const [note, setNote] = useState("");
  const [overrule, setOverrule] = useState("");
  const [problem, setProblem] = useState(null);
  const copy = work.value;
  const found = copy.checked;
  const failing = found?.failing ?? [];
  const refused = problem ?? found?.problem;
  const keep = async (publish) => {
    try {
      await store(copy, { publish, note, overrule: overrule.trim() });
      stored();
    } catch (again) {
      setProblem(again);
    }
  };
  return html`<section class="pending" aria-label=${t("pending")}>
    <p><b>${t("pending_n", { n: changes(copy) })}</b> <span class="muted">${t("pending_from", { version: copy.version })}</span></p>
    ${refused && html`<${Refused} problem=${refused} rules=${copy.rules} />`}
    ${failing.length > 0 && html`<p>${t("tests_failing", { n: failing.length })}</p><${Failing} failing=${failing} />
      <div class="asked"><label for="pending-overrule">${t("overrule_why")}</label><input id="pending-overrule" value=${overrule} onInput=${(event) => setOverrule(event.currentTarget.value)} /></div>`}
    ${found?.warnings && html`<${Warnings} warnings=${found.warnings} />`}
    <div class="across"><div class="asked"><label for="pending-note">${t("why_change")}</label><input id="pending-note" value=${note} onInput=${(event) => setNote(event.currentTarget.value)} /></div>
      <button class="danger" onClick=${() => void (work.value = null)}>${t("pending_give_up")}</button>
      <button onClick=${() => keep(false)} disabled=${!found}>${t("save_draft")}</button>
      <button class="primary" onClick=${() => keep(true)} disabled=${!found || Boolean(found.problem) || (failing.length > 0 && !overrule.trim())}>${t("publish")}</button></div>
  </section>`;
}
