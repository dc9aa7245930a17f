// One message tried on any version: what would become of it, and what each rule said; nothing is stored or sent.
import { html, useState } from "../ui/html.js";
import { call } from "../inbox/api.js";
import { catalogue, nameOf } from "../inbox/catalogue.js";
import { did, reason } from "../inbox/reasons.js";
import { Refused } from "./rule_editor.js";
import { t, told } from "./words.js";

export function Simulator({ versions }) {
  const [asked, setAsked] = useState({ text: "", tier: "", channel: "", version: "" });
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState(null);
  const set = (name) => (event) => setAsked({ ...asked, [name]: event.currentTarget.value });
  const run = async (event) => {
    event.preventDefault();
    setProblem(null);
    try {
      setFound(await call("POST", "/routing/simulate", { body: { ...asked, version: asked.version === "" ? null : Number(asked.version) } }));
    } catch (refused) {
      setProblem(refused);
    }
  };
  const choice = (name, options) => html`<div class="asked"><label for=${`simulate-${name}`}>${t(`simulate_${name}`)}</label>
    <select id=${`simulate-${name}`} value=${asked[name]} onChange=${set(name)}>${options.map(([one, words]) => html`<option key=${one} value=${one}>${words}</option>`)}</select></div>`;
  const named = (kind) => [["", "—"], ...catalogue(kind).map(({ id }) => [id, nameOf(kind, id)])];
  return html`<section><h2>${t("simulate")}</h2><form onSubmit=${run}>
      <div class="asked"><label for="simulate-text">${t("simulate_text")}</label><textarea id="simulate-text" rows="2" required value=${asked.text} onInput=${set("text")}></textarea></div>
      <div class="across">${choice("channel", named("channels"))}${choice("tier", named("tiers"))}
        ${choice("version", [["", t("published_one")], ...versions.map(({ version, state }) => [version, `${t("version_n", { n: version })} · ${t(`state_${state}`)}`])])}
        <button class="primary">${t("try_it")}</button></div></form>
    ${problem && html`<${Refused} problem=${problem} />`}
    ${found && html`<${Decided} found=${found} />`}</section>`;
}

function Decided({ found }) {
  const facts = [[t("queue"), found.queue && nameOf("queues", found.queue)], [t("priority"), found.priority && t(found.priority)], [t("the_match"), found.match && told(`match_${found.match.outcome}`, found.match.outcome)],
    [t("decided_by"), t("version_n", { n: found.rules_version })]].filter(([, value]) => value);
  const hit = found.trace.filter(({ state, rule_id }) => (state === "hit" || state === "failed") && rule_id !== "default");
  const rest = found.trace.filter(({ state, rule_id }) => (state === "miss" || state === "not_reached") && rule_id !== "default");
  return html`<div class="decided" role="status"><p>${reason(found.why)}</p>
    <dl class="figures">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${Object.entries(found.scores).filter(([, { score }]) => score > 0).map(([name, { score, reasons }]) => html`<p key=${name}><b>${t(`score_${name}`)} ${score}</b> ${Object.entries(reasons).map(([phrase, weight]) => `${phrase} ${weight}`).join(" · ")}</p>`)}
    <ul>${hit.map((step) => html`<li key=${step.rule_id}><b>${step.name || step.rule_id}</b> <span class=${`state ${step.state === "hit" ? "fine" : "bad"}`}>${t(`step_${step.state}`)}</span> ${step.did.map(did).join(", ") || step.error}</li>`)}</ul>
    ${!hit.length && html`<p class="muted">${t("no_rule_matched")}</p>`}
    ${rest.length > 0 && html`<details><summary>${t("rules_not_matched", { n: rest.length })}</summary><ul>${rest.map((step) => html`<li key=${step.rule_id}><b>${step.name || step.rule_id}</b> <span class="state">${t(`step_${step.state}`)}</span> ${step.failed.map(failed).join("; ")}</li>`)}</ul></details>`}</div>`;
}

const failed = ({ field, op, expected, found }) => `${field ?? ""} ${op} ${JSON.stringify(expected)} (${t("found_was", { found: JSON.stringify(found ?? null) })})`;
