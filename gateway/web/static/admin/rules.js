// Routing rules in five parts: the rules that decide, their versions, trials, the tests and the phrases beside them.
import { html } from "../ui/html.js";
import { address, follow, route } from "../inbox/route.js";
import { Cases } from "./rule_cases.js";
import { RuleList } from "./rule_list.js";
import { Phrases } from "./rule_phrases.js";
import { Trials } from "./rule_trials.js";
import { Versions } from "./rule_versions.js";
import { t } from "./words.js";

const PARTS = { published: RuleList, versions: Versions, trials: Trials, tests: Cases, phrases: Phrases };

export function Rules() {
  const part = route.value.part in PARTS ? route.value.part : "published";
  const to = (one) => ({ admin: "rules", part: one, chosen: true });
  return html`<nav class="parts" aria-label=${t("rules")}>${Object.keys(PARTS).map((one) => html`<a key=${one} href=${address(to(one))}
      aria-current=${one === part ? "page" : undefined} onClick=${(event) => follow(event, to(one))}>${t(`part_${one}`)}</a>`)}</nav>
    <${PARTS[part]} key=${part} />`;
}
