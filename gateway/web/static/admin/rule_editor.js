// The whole rule set as text: checked as it is, stored as a draft to be tried, or published.
import { html, useState } from "../ui/html.js";
import { language } from "../ui/language.js";
import { unmet } from "../inbox/reasons.js";
import { Sheet } from "./form.js";
import { Warnings } from "./rule_difference.js";
import { checked, store } from "./rule_work.js";
import { t, told } from "./words.js";

/** `copy`: the rules as they are being changed; `stored` is called once what it holds was kept. */
export function Editor({ copy, close, stored }) {
  const [text, setText] = useState(() => JSON.stringify(copy.rules, null, 2));
  const [note, setNote] = useState("");
  const [said, setSaid] = useState(null); // {problem}, or what a check found
  const attempt = async (act) => {
    try {
      setSaid(await act({ ...copy, rules: JSON.parse(text) }));
    } catch (problem) {
      setSaid({ problem });
    }
  };
  const check = () => attempt((changed) => checked(changed, []));
  const keep = (publish) => attempt(async (changed) => {
    await store(changed, { publish, note });
    stored();
    close();
  });
  return html`<${Sheet} title=${t("edit_as_text")} close=${close} wide>
    <p class="muted">${t("editor_lead")}</p>
    <div class="asked"><label for="rules-text">${t("rules")}</label>
      <textarea id="rules-text" class="code" rows="18" spellcheck=${false} value=${text} onInput=${(event) => setText(event.currentTarget.value)}></textarea></div>
    <div class="asked"><label for="rules-note">${t("why_change")}</label><input id="rules-note" value=${note} onInput=${(event) => setNote(event.currentTarget.value)} /></div>
    <${Said} said=${said} />
    <div class="ends"><button onClick=${check}>${t("check")}</button>
      <button onClick=${() => keep(false)}>${t("save_draft")}</button>
      <button class="primary" onClick=${() => keep(true)}>${t("publish")}</button></div>
  <//>`;
}

function Said({ said }) {
  if (!said) return null;
  if (said.problem) return html`<${Refused} problem=${said.problem} />`;
  return html`<p role="status">${said.failing.length ? t("tests_failing", { n: said.failing.length }) : t("checked_fine", { n: said.cases })}</p>
    <${Failing} failing=${said.failing} /><${Warnings} warnings=${said.warnings} />`;
}

/** What the desk refused, place by place; of `rules` that are shown by name, by name. */
export function Refused({ problem, rules = [] }) {
  const errors = problem.errors ?? [];
  const headed = errors.length !== 1;
  return html`<div class="problem" role="alert">${headed && html`<p>${errors.length ? t("errors_n", { n: errors.length }) : problem.message}</p>`}
    ${errors.length > 0 && html`<ul>${errors.slice(0, 20).map((one) => html`<li key=${one.pointer + one.detail}>${where(one.pointer, rules)} ${faultWords(one)}</li>`)}</ul>`}</div>`;
}

function where(pointer, rules) {
  const rule = rules[pointer.match(/^\/rules\/(\d+)/)?.[1]];
  return rule ? html`<b>${rule.name || rule.id}:</b>` : html`<code>${pointer}</code>`;
}

// The desk says what is wrong in English; the reader's language at least says what kind of wrong it is.
export const faultWords = ({ code, detail }) => (language.value === "en" ? detail : `${told(`wrong_${code}`, t("problem_422"))}（${detail}）`);

export function Failing({ failing }) {
  if (!failing.length) return null;
  return html`<ul class="problem">${failing.map(({ pointer, name, detail }) => html`<li key=${pointer}><b>${name || pointer}</b>: ${unmet(detail)}</li>`)}</ul>`;
}
