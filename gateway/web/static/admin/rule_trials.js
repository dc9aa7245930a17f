// Trying rules: one message, last month's, what comes in now, a share of it; how each goes, and stopping it.
import { html, useEffect, useState } from "../ui/html.js";
import { call } from "../inbox/api.js";
import { complain } from "../inbox/desk.js";
import { full, moment } from "../inbox/when.js";
import { who } from "./audit.js";
import { Form } from "./form.js";
import { Loaded, mayChange, useLoaded } from "./records.js";
import { Simulator } from "./rule_simulator.js";
import { TrialReport } from "./rule_trial_report.js";
import { t } from "./words.js";

const LOOK_EVERY_MS = 2000;
const number = (name, initial) => ({ name, kind: "number", initial, label: () => t(`trial_${name}`) });
const KINDS = {
  backtest: [number("days", 30)],
  shadow: [],
  canary: [number("share", 10), number("handovers", 15), number("errors", 2), number("least", 50), number("hours", "")],
};
const PERCENT = ["share", "handovers", "errors"];

export function Trials() {
  const [versions, setVersions] = useState([]);
  const [kind, setKind] = useState(null);
  const state = useLoaded(async () => {
    const [trials, page] = await Promise.all([call("GET", "/routing/trials"), call("GET", "/routing/rules/versions?limit=100")]);
    setVersions(page.data);
    return trials.data;
  }, "trials");
  const going = state.items?.some((one) => one.state === "running");
  useEffect(() => {
    if (!going) return undefined;
    const timer = setInterval(state.again, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [going]);
  const choices = () => versions.map((one) => [one.version, `${t("version_n", { n: one.version })} · ${t(`state_${one.state}`)}${one.note ? ` · ${one.note}` : ""}`]);
  const fields = kind && [{ name: "version", kind: "choice", choices, initial: versions[0]?.version, label: () => t("trial_version") }, ...KINDS[kind]];
  const start = async (values) => {
    const body = { kind, version: Number(values.version) };
    for (const { name } of KINDS[kind]) if (values[name] !== "") body[name] = PERCENT.includes(name) ? Number(values[name]) / 100 : Number(values[name]);
    await call("POST", "/routing/trials", { body });
    setKind(null);
    state.again();
  };
  const stop = async (id) => {
    try {
      await call("POST", `/routing/trials/${id}/stop`);
    } catch (problem) {
      complain(problem);
    }
    state.again();
  };
  return html`<${Simulator} versions=${versions} />
    <section><h2>${t("trials")}</h2>
      ${mayChange() && versions.length > 0 && html`<div class="bar">${Object.keys(KINDS).map((one) => html`<button key=${one} onClick=${() => setKind(one)}>${t(`begin_${one}`)}</button>`)}</div>`}
      <${Loaded} state=${state} empty=${t("no_trials")}>
        <ul class="records">${state.items?.map((trial) => html`<li key=${trial.id}><${Trial} trial=${trial} stop=${stop} /></li>`)}</ul>
      <//></section>
    ${kind && html`<${Form} key=${kind} title=${t(`begin_${kind}`)} note=${t(`about_${kind}`)} fields=${fields} close=${() => setKind(null)} save=${start} act=${t("begin")} />`}`;
}

function Trial({ trial, stop }) {
  const running = trial.state === "running";
  return html`<div class="record trial">
    <b>${t(`kind_${trial.kind}`)}: ${t("version_n", { n: trial.version })} <span class=${`state ${{ done: "fine", failed: "bad", rolled_back: "bad" }[trial.state] ?? ""}`}>${t(`trial_${trial.state}`)}</span></b>
    <span>${t("against_version", { n: trial.against })} · ${who(trial.author)} · <time datetime=${trial.created_at} title=${full(trial.created_at)}>${moment(trial.created_at)}</time></span>
    ${trial.kind === "backtest"
      ? html`<span class="progress"><progress max=${trial.total || 1} value=${trial.total ? trial.done : running ? 0 : 1} aria-label=${t("progress")}></progress> ${t("done_of", trial)}</span>`
      : html`<span>${t("decisions_n", { n: trial.done })}</span>`}
    <${TrialReport} trial=${trial} />
    ${running && mayChange() && html`<span class="ends"><button onClick=${() => stop(trial.id)}>${t(trial.kind === "backtest" ? "cancel" : "stop")}</button></span>`}
  </div>`;
}
