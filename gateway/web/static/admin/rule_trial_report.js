// What a trial has found, in figures; the messages behind them are one click away.
import { html } from "../ui/html.js";
import { moved } from "../inbox/reasons.js";
import { t } from "./words.js";

const FIGURES = ["messages", "different", "answers_won", "answers_lost", "targets_changed"];
const percent = (rate) => `${Math.round((rate ?? 0) * 1000) / 10} %`;

export function TrialReport({ trial }) {
  const { report } = trial;
  if (report.error) return html`<span class="problem">${report.error}</span>`;
  if (trial.kind === "canary") return html`<${Canary} report=${report} />`;
  if (!report.counts) return null;
  const moves = Object.entries(report.moves ?? {}).sort(([, one], [, other]) => other - one);
  const lost = Object.entries(report.lost ?? {});
  return html`<dl class="figures">${FIGURES.map((name) => html`<div key=${name}><dt>${t(`figure_${name}`)}</dt><dd>${report.counts[name] ?? 0}</dd></div>`)}</dl>
    ${moves.map(([what, count]) => html`<${Move} key=${what} what=${what} count=${count} examples=${report.examples?.[what] ?? []} />`)}
    <${Load} load=${report.load ?? {}} />
    ${lost.length > 0 && html`<span>${t("not_restored", { what: lost.map(([what, count]) => `${what}: ${count}`).join(", ") })}</span>`}`;
}

function Move({ what, count, examples }) {
  return html`<details><summary>${moved(what)} <b>${count}</b></summary><ul>${examples.map(({ decision, text }) => html`<li key=${decision}><q>${text}</q> <code>${decision}</code></li>`)}</ul></details>`;
}

/** Messages a queue got in all, and in its busiest hour, before and with the draft. */
function Load({ load }) {
  const queues = new Map();
  for (const [key, count] of Object.entries(load)) {
    const [which, ...rest] = key.split(" ");
    const queue = rest.slice(0, -1).join(" ");
    const sum = queues.get(queue) ?? { published: { all: 0, most: 0 }, draft: { all: 0, most: 0 } };
    sum[which] = { all: sum[which].all + count, most: Math.max(sum[which].most, count) };
    queues.set(queue, sum);
  }
  if (!queues.size) return null;
  return html`<details><summary>${t("load_per_queue")}</summary><table><thead><tr><th>${t("queue")}</th><th>${t("load_before")}</th><th>${t("load_with")}</th><th>${t("busiest_hour")}</th></tr></thead>
    <tbody>${[...queues].map(([queue, { published, draft }]) => html`<tr key=${queue}><th>${queue}</th><td>${published.all}</td><td>${draft.all}</td><td>${published.most} → ${draft.most}</td></tr>`)}</tbody></table></details>`;
}

function Canary({ report }) {
  const { counts = {}, rates = {}, why } = report;
  return html`${why && html`<span class="problem">${why}</span>`}
    <table class="figures"><thead><tr><td></td><th>${t("decided_by_draft")}</th><th>${t("decided_by_published")}</th></tr></thead><tbody>
      <tr><th>${t("figure_messages")}</th><td>${counts.canary ?? 0}</td><td>${counts.published ?? 0}</td></tr>
      <tr><th>${t("handed_over")}</th><td>${percent(rates.canary_handed_over)}</td><td>${percent(rates.published_handed_over)}</td></tr>
      <tr><th>${t("rules_failing")}</th><td>${percent(rates.canary_failed)}</td><td>${percent(rates.published_failed)}</td></tr></tbody></table>`;
}
