// The steps of a queue: who may take its tickets too, the longer they wait.
import { html } from "../ui/html.js";
import { catalogue, nameOf } from "../inbox/catalogue.js";
import { Level } from "./level.js";
import { t } from "./words.js";

const OWN = "own";
const ANYBODY = "anybody";
const FURTHER_S = 120;

export function Steps({ id, value, set }) {
  const change = (at, changed) => set(value.map((step, place) => (place === at ? { ...step, ...changed } : step)));
  const add = () => set([...value, { after_seconds: (Number(value.at(-1)?.after_seconds) || 0) + FURTHER_S, skills: [], queue: "", anybody: false, alert: false }]);
  return html`<div class="steps">
    ${value.map((step, at) => html`<${Step} key=${at} id=${`${id}-${at}`} number=${at + 1} step=${step} change=${(changed) => change(at, changed)}
      remove=${() => set(value.filter((_, place) => place !== at))} />`)}
    <button type="button" onClick=${add}>${t("add_step")}</button>
  </div>`;
}

function Step({ id, number, step, change, remove }) {
  const who = step.anybody ? ANYBODY : step.queue || OWN;
  const whom = [[OWN, t("step_own")], ...catalogue("queues").map((queue) => [queue.id, t("step_queue", { name: nameOf("queues", queue.id) })]), [ANYBODY, t("step_anybody")]];
  const choose = (one) => change({ anybody: one === ANYBODY, queue: one === ANYBODY || one === OWN ? "" : one });
  return html`<fieldset class="step"><legend>${t("step_n", { n: number })}</legend>
    <div class="across">
      <div class="asked"><label for=${`${id}-after`}>${t("step_after")}</label><input id=${`${id}-after`} type="number" step="any" value=${step.after_seconds}
        onInput=${(event) => change({ after_seconds: event.currentTarget.value === "" ? "" : Number(event.currentTarget.value) })} /></div>
      <div class="asked"><label for=${`${id}-who`}>${t("step_who")}</label><select id=${`${id}-who`} value=${who} onChange=${(event) => choose(event.currentTarget.value)}>
        ${whom.map(([one, name]) => html`<option key=${one} value=${one}>${name}</option>`)}</select></div>
    </div>
    <${Levels} id=${id} skills=${step.skills} set=${(skills) => change({ skills })} />
    <p class="asked check"><label><input type="checkbox" checked=${step.alert} onChange=${(event) => change({ alert: event.currentTarget.checked })} /> ${t("step_alert")}</label></p>
    <button type="button" class="plain danger" onClick=${remove}>${t("remove_step", { n: number })}</button>
  </fieldset>`;
}

/** Only the skills that were chosen, and one more to choose: a desk may have many. */
function Levels({ id, skills, set }) {
  const chosen = new Set(skills.map(({ skill }) => skill));
  const others = catalogue("skills").filter((skill) => !chosen.has(skill.id));
  const put = (skill, level) => set(skills.flatMap((one) => (one.skill !== skill ? [one] : level ? [{ skill, level }] : [])));
  return html`${skills.length > 0 && html`<div class="boxes">${skills.map(({ skill, level }) => html`<label key=${skill}>${nameOf("skills", skill)}
      <${Level} value=${level} set=${(given) => put(skill, given)} /></label>`)}</div>`}
    ${others.length > 0 && html`<div class="asked"><label for=${`${id}-skill`}>${t("step_skill")}</label>
      <select id=${`${id}-skill`} value="" onChange=${(event) => event.currentTarget.value && set([...skills, { skill: event.currentTarget.value, level: 1 }])}>
        <option value="">${t("choose")}</option>${others.map((skill) => html`<option key=${skill.id} value=${skill.id}>${nameOf("skills", skill.id)}</option>`)}</select></div>`}`;
}
