// Rules to start from: each recipe with its sentences, put among the rules that are being changed.
import { html, useEffect, useState } from "../ui/html.js";
import { language } from "../ui/language.js";
import { call } from "../inbox/api.js";
import { Sheet } from "./form.js";
import { add } from "./rule_work.js";
import { t } from "./words.js";

export function Recipes({ copy, close }) {
  const [recipes, setRecipes] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => void call("GET", "/routing/recipes").then(({ data }) => setRecipes(data), setProblem), []);
  const known = new Set(copy.rules.map(({ id }) => id));
  const take = (recipe) => {
    add(copy, recipe.rules, recipe.cases);
    close();
  };
  return html`<${Sheet} title=${t("recipes")} close=${close}>
    <p class="muted">${t("recipes_lead")}</p>
    ${problem && html`<p class="problem" role="alert">${problem.message}</p>`}
    <ul class="records">${(recipes ?? []).map((recipe) => html`<li key=${recipe.id}><button class="record" disabled=${recipe.rules.some(({ id }) => known.has(id))} onClick=${() => take(recipe)}>
      <b>${language.value === "zh" ? recipe.zh : recipe.en}</b><span>${recipe.rules.map(({ name }) => name).join(" · ")}</span></button></li>`)}</ul>
  <//>`;
}
