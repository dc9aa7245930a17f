// The whole rule set as text: checked as it is, stored as a draft to be tried, or published.
import { html, useEffect, useState } from "../ui/html.js";
import { call, callWithTag } from "../inbox/api.js";
import { Sheet } from "./form.js";
import { Warnings } from "./rule_difference.js";
import { t } from "./words.js";

/** `close` is called when it is left, and after what it holds was stored. */
export function Editor({ close }) {
  const [read, setRead] = useState(null);
  const [text, setText] = useState("");
  const [note, setNote] = useState("");
  const [said, setSaid] = useState(null); // {problem}, or what a check found
  useEffect(() => {
    callWithTag("GET", "/routing/rules").then((found) => {
      setRead(found);
      setText(JSON.stringify(found.value.rules, null, 2));
    }, (problem) => setSaid({ problem }));
  }, []);
  const attempt = async (work) => {
    try {
      setSaid(await work(JSON.parse(text)));
    } catch (problem) {
      setSaid({ problem });
    }
  };
  const check = () => attempt((rules) => call("POST", "/routing/check", { body: { rules, cases: read.value.cases } }));
  const store = (publish) => attempt(async (rules) => {
    await call("PUT", "/routing/rules", { body: { rules, note, publish }, etag: read.etag });
    close();
  });
  return html`<${Sheet} title=${t("edit_as_text")} close=${close} wide>
    <p class="muted">${t("editor_lead")}</p>
    <div class="asked"><label for="rules-text">${t("rules")}</label>
      <textarea id="rules-text" class="code" rows="18" spellcheck=${false} value=${text} onInput=${(event) => setText(event.currentTarget.value)}></textarea></div>
    <div class="asked"><label for="rules-note">${t("why_change")}</label><input id="rules-note" value=${note} onInput=${(event) => setNote(event.currentTarget.value)} /></div>
    <${Said} said=${said} />
    <div class="ends"><button onClick=${check} disabled=${!read}>${t("check")}</button>
      <button onClick=${() => store(false)} disabled=${!read}>${t("save_draft")}</button>
      <button class="primary" onClick=${() => store(true)} disabled=${!read}>${t("publish")}</button></div>
  <//>`;
}

function Said({ said }) {
  if (!said) return null;
  if (said.problem) return html`<${Refused} problem=${said.problem} />`;
  return html`<p role="status">${said.failing.length ? t("tests_failing", { n: said.failing.length }) : t("checked_fine", { n: said.cases })}</p>
    <${Failing} failing=${said.failing} /><${Warnings} warnings=${said.warnings} />`;
}

/** What the desk refused, place by place. */
export function Refused({ problem }) {
  const errors = problem.errors ?? [];
  return html`<div class="problem" role="alert"><p>${errors.length > 1 ? t("errors_n", { n: errors.length }) : problem.message}</p>
    ${errors.length > 0 && html`<ul>${errors.slice(0, 20).map(({ pointer, detail }) => html`<li><code>${pointer}</code> ${detail}</li>`)}</ul>`}</div>`;
}

export function Failing({ failing }) {
  if (!failing.length) return null;
  return html`<ul class="problem">${failing.map(({ pointer, name, detail }) => html`<li key=${pointer}><b>${name || pointer}</b>: ${detail}</li>`)}</ul>`;
}
