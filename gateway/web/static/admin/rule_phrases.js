// The phrases behind the scores of urgency and complaint, each with its weight; changes wait with those of the rules.
import { html, useState } from "../ui/html.js";
import { go } from "../inbox/route.js";
import { Loaded, mayChange, useLoaded } from "./records.js";
import { base, goOn, work } from "./rule_work.js";
import { t } from "./words.js";

export function Phrases() {
  const state = useLoaded(async () => [work.value ?? (await base())], "phrases");
  const copy = state.items?.[0];
  return html`<p class="muted lead">${t("phrases_lead")}</p><${Loaded} state=${state} empty="">${copy && html`<${Lists} key=${copy.version} copy=${copy} />`}<//>`;
}

function Lists({ copy }) {
  const [texts, setTexts] = useState(() => Object.fromEntries(Object.entries(copy.lists ?? copy.listsBefore).map(([name, phrases]) => [name, written(phrases)])));
  const read = Object.entries(texts).map(([name, text]) => [name, parsed(text)]);
  const wrong = read.flatMap(([, { wrong }]) => wrong);
  const keep = async (event) => {
    event.preventDefault();
    await goOn({ ...copy, lists: Object.fromEntries(read.map(([name, { phrases }]) => [name, phrases])) });
    go({ admin: "rules", part: "published", chosen: true });
  };
  return html`<form onSubmit=${keep}><div class="across">${Object.entries(texts).map(([name, text]) => html`<div class="asked" key=${name}><label for=${`phrases-${name}`}>${t(`score_${name}`)}</label>
      <textarea id=${`phrases-${name}`} rows="18" readonly=${!mayChange()} value=${text} onInput=${(event) => setTexts({ ...texts, [name]: event.currentTarget.value })}></textarea></div>`)}</div>
    ${wrong.map((line) => html`<p class="problem" role="alert" key=${line}>${t("phrase_wrong", { line })}</p>`)}
    ${mayChange() && html`<div class="ends"><button class="primary" disabled=${wrong.length > 0}>${t("rule_done")}</button></div>`}</form>`;
}

// The heaviest first, as they count.
const written = (phrases) => Object.entries(phrases).sort(([, one], [, other]) => other - one).map(([phrase, weight]) => `${phrase} ${weight}`).join("\n");

/** Lines of a phrase and its weight, 1 to 100. */
function parsed(text) {
  const phrases = {};
  const wrong = [];
  for (const line of text.split("\n").map((one) => one.trim()).filter(Boolean)) {
    const [, phrase, weight] = /^(.+?)\s+(\d{1,3})$/.exec(line) ?? [];
    if (phrase && Number(weight) >= 1 && Number(weight) <= 100) phrases[phrase] = Number(weight);
    else wrong.push(line);
  }
  return { phrases, wrong };
}
