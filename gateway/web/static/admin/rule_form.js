// One rule as a form, from lists: its conditions and effects, the sentence it makes, and what the desk says of it.
import { html, useEffect, useState } from "../ui/html.js";
import { language } from "../ui/language.js";
import { Icon } from "../inbox/icons.js";
import { unmet } from "../inbox/reasons.js";
import { Sheet } from "./form.js";
import { Condition, newRow, readCondition, writeCondition } from "./rule_condition.js";
import { Effect, newEffect } from "./rule_effect.js";
import { EVENTS, loadGrammar } from "./rule_grammar.js";
import { faultWords } from "./rule_editor.js";
import { checked, put, remove } from "./rule_work.js";
import { t, told } from "./words.js";

const STAGES = ["enrich", "route", "sla", "respond", "act"];
const PAUSE_MS = 400;

/** `copy`: the rules it stands among; `at`: its place, after the last for a new one. */
export function RuleForm({ copy, at, close }) {
  const [ready, setReady] = useState(false);
  const [problem, setProblem] = useState(null);
  useEffect(() => void loadGrammar().then(() => setReady(true), setProblem), []);
  const title = copy.rules[at] ? copy.rules[at].name || copy.rules[at].id : t("new_rule");
  return html`<${Sheet} title=${title} close=${close} wide>
    ${problem && html`<p class="problem" role="alert">${problem.message}</p>`}
    ${ready ? html`<${Fields} copy=${copy} at=${at} close=${close} />` : !problem && html`<p class="muted">${t("loading")}</p>`}
  <//>`;
}

function Fields({ copy, at, close }) {
  const old = copy.rules[at];
  const [rule, setRule] = useState(() => old ?? { name: "", stage: "route", on: true, then: [newEffect("route")] });
  const [condition, setCondition] = useState(() => (old ? readCondition(old.if) : { mode: "all", rows: [newRow()] }));
  const [said, setSaid] = useState(null); // what a check found, or {problem}
  const [tried, setTried] = useState(Boolean(old));
  const [busy, setBusy] = useState(false);
  const made = written(rule, condition, copy, at);
  const look = () => lookAt(copy, at, made);
  const text = JSON.stringify(made);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => look().then((found) => current && setSaid(found)), PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  const done = async (event) => {
    event.preventDefault();
    setTried(true);
    setBusy(true);
    const found = await look();
    setBusy(false);
    setSaid(found);
    if (found.problem) return;
    put(copy, at, made);
    close();
  };
  const drop = () => {
    remove(copy, at);
    close();
  };
  const set = (changes) => setRule((before) => ({ ...before, ...changes }));
  const faults = faultsAt(`/rules/${at}`, tried && said?.problem);
  return html`<form class="rule-form" onSubmit=${done}>
    <div class="across"><div class="asked"><label for="rule-name">${t("rule_name")}</label><input id="rule-name" required value=${rule.name ?? ""} onInput=${(event) => set({ name: event.currentTarget.value })} /></div>
      <div class="asked"><label for="rule-stage">${t("rule_stage")}</label><select id="rule-stage" value=${rule.stage} onChange=${(event) => set({ stage: event.currentTarget.value })}>
        ${STAGES.map((one) => html`<option key=${one} value=${one}>${t(`stage_${one}`)}</option>`)}</select></div></div>
    <${Conditions} condition=${condition} set=${setCondition} faults=${faults} />
    <${Effects} rule=${rule} set=${(then) => set({ then })} faults=${faults} />
    <${Rest} rule=${rule} set=${set} faults=${faults} />
    <${Said} id=${made.id} said=${said} tried=${tried} old=${Boolean(old)} />
    <div class="ends">${old && html`<button type="button" class="danger" onClick=${drop}>${t("delete")}</button>`}
      <button class="primary" disabled=${busy}>${t("rule_done")}</button></div>
  </form>`;
}

function Conditions({ condition, set, faults }) {
  const { mode, rows } = condition;
  const setRow = (place, row) => set({ ...condition, rows: row ? rows.toSpliced(place, 1, row) : rows.toSpliced(place, 1) });
  const pointer = (place) => (rows.length > 1 || condition.wrapped ? `/if/${mode}/${place}` : "/if");
  return html`<fieldset class="asked"><legend>${t("rule_if")}</legend>
    ${rows.length > 1 && html`<select class="mode" aria-label=${t("rule_mode")} value=${mode} onChange=${(event) => set({ ...condition, mode: event.currentTarget.value })}>
      <option value="all">${t("mode_all")}</option><option value="any">${t("mode_any")}</option></select>`}
    ${!rows.length && html`<p class="muted">${t("always_matches")}</p>`}
    ${rows.map((row, place) => html`<${Part} key=${place} label=${t("condition_n", { n: place + 1 })} remove=${() => setRow(place)} said=${faults(pointer(place))}>
      <${Condition} row=${row} set=${(next) => setRow(place, next)} label=${t("condition_n", { n: place + 1 })} /><//>`)}
    <button type="button" class="more" onClick=${() => set({ ...condition, rows: [...rows, newRow()] })}>${t("add_condition")}</button></fieldset>`;
}

function Effects({ rule, set, faults }) {
  const { then, stage } = rule;
  const setOne = (place, one) => set(one ? then.toSpliced(place, 1, one) : then.toSpliced(place, 1));
  const ofAll = then.length ? [] : faults("/then");
  return html`<fieldset class="asked"><legend>${t("rule_then")}</legend>
    ${then.map((one, place) => html`<${Part} key=${place} label=${t("effect_n", { n: place + 1 })} remove=${() => setOne(place)} said=${faults(`/then/${place}`)}>
      <${Effect} effect=${one} stage=${stage} set=${(next) => setOne(place, next)} label=${t("effect_n", { n: place + 1 })} /><//>`)}
    ${ofAll.map((words) => html`<p class="problem" role="alert">${words}</p>`)}
    <button type="button" class="more" onClick=${() => set([...then, newEffect(stage)])}>${t("add_effect")}</button></fieldset>`;
}

function Part({ label, remove, said, children }) {
  return html`<div class=${`part${said.length ? " wrong" : ""}`} role="group" aria-label=${label}>${children}
    <button type="button" class="plain bare" onClick=${remove} aria-label=${t("take_out", { what: label })}><${Icon} name="close" /></button>
    ${said.map((words) => html`<p class="problem" role="alert">${words}</p>`)}</div>`;
}

function Rest({ rule, set, faults }) {
  const events = rule.events ?? ["message"];
  const turn = (one, on) => set({ events: EVENTS().filter((other) => (other === one ? on : events.includes(other))) });
  return html`<details class="asked" open=${events.join() !== "message"}><summary>${t("rule_rest")}</summary>
    <fieldset class="asked"><legend>${t("rule_events")}</legend><div class="boxes">${EVENTS().map((one) => html`<label key=${one}><input type="checkbox" checked=${events.includes(one)}
      onChange=${(event) => turn(one, event.currentTarget.checked)} /> ${t(`event_${one}`)}</label>`)}</div>
      ${faults("/events").map((words) => html`<p class="problem" role="alert">${words}</p>`)}</fieldset>
    <p class="asked check"><label><input type="checkbox" checked=${rule.on ?? true} onChange=${(event) => set({ on: event.currentTarget.checked })} /> ${t("rule_on")}</label></p>
    <div class="asked"><label for="rule-note">${t("rule_note")}</label><input id="rule-note" value=${rule.note ?? ""} onInput=${(event) => set({ note: event.currentTarget.value })} /></div></details>`;
}

/** The sentence, what is odd, and errors that stand beside no row. */
function Said({ id, said, tried, old }) {
  if (!said) return html`<p class="sentence muted">…</p>`;
  if (said.problem) {
    const rest = (said.problem.errors ?? []).filter(({ pointer }) => !/^\/rules\/\d+\/(if|then|events)/.test(pointer));
    const words = said.problem.errors?.length ? rest.map(faultWords) : [said.problem.message];
    if (!tried && !old) return html`<p class="sentence muted">${t("not_complete")}</p>`;
    return html`<div role="alert">${words.map((one) => html`<p class="problem">${one}</p>`)}</div>`;
  }
  const odd = said.warnings.filter(({ rule_id }) => rule_id === id);
  return html`<p class="sentence" role="status">${said.sentences[id]?.[language.value]}</p>
    ${odd.map(({ code, detail, zh }) => html`<p class="odd" key=${code}><span class="state">${told(`odd_${code}`, code)}</span> ${language.value === "zh" ? zh : detail}</p>`)}
    ${said.failing.length > 0 && html`<p class="odd"><span class="state bad">${t("tests_failing", { n: said.failing.length })}</span> ${said.failing.map(({ name, detail }) => `${name}: ${unmet(detail)}`).join("; ")}</p>`}`;
}

const faultsAt = (root, problem) => (pointer) => (problem?.errors ?? []).filter((one) => one.pointer === root + pointer || one.pointer.startsWith(`${root}${pointer}/`)).map(faultWords);

/** What the desk says of the rule among the others. What is wrong with those is told where they are published. */
async function lookAt(copy, at, made) {
  try {
    return await checked({ ...copy, rules: copy.rules.toSpliced(at, 1, made) }, [made.id]);
  } catch (problem) {
    const elsewhere = problem.errors?.length && problem.errors.every(({ pointer }) => !`${pointer}/`.startsWith(`/rules/${at}/`));
    return elsewhere ? checked({ ...copy, rules: [made], cases: [] }, [made.id]).catch((other) => ({ problem: other })) : { problem };
  }
}

/** The rule in the order in which rules are written; a new one has an id made from its name. */
function written(rule, condition, copy, at) {
  const id = rule.id ?? idFrom(rule.name, copy.rules.toSpliced(at, 1));
  const { name, stage, note, on, events, then, ...rest } = rule;
  const known = { id, ...(name ? { name } : {}), ...(note ? { note } : {}), stage, ...(on === undefined ? {} : { on }), ...(events ? { events } : {}) };
  const { if: _, ...more } = rest;
  const made = writeCondition(condition);
  return { ...known, ...more, id, ...(made === undefined ? {} : { if: made }), then };
}

function idFrom(name, rules) {
  const plain = (name ?? "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60) || "rule";
  const taken = new Set(rules.map(({ id }) => id));
  if (!taken.has(plain)) return plain;
  let number = 2;
  while (taken.has(`${plain}-${number}`)) number += 1;
  return `${plain}-${number}`;
}
