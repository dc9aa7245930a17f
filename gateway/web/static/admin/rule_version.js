// One version: what it changes, what is odd about it, which tests it fails; publishing it, and going back to it.
import { html, useEffect, useState } from "../ui/html.js";
import { call } from "../inbox/api.js";
import { me } from "../inbox/desk.js";
import { go } from "../inbox/route.js";
import { full, moment } from "../inbox/when.js";
import { who } from "./audit.js";
import { Sheet } from "./form.js";
import { mayChange } from "./records.js";
import { Difference, difference, Warnings } from "./rule_difference.js";
import { Failing, Refused } from "./rule_editor.js";
import { base, goOn } from "./rule_work.js";
import { t } from "./words.js";

export function Version({ number, versions, close }) {
  const version = versions.find((one) => one.version === number);
  const published = versions.find(({ state }) => state === "published")?.version ?? 0;
  const [against, setAgainst] = useState(published === number ? number - 1 : published);
  const [found, setFound] = useState(null);
  const [checked, setChecked] = useState(null);
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    setFound(null);
    difference(against, number).then(setFound, setProblem);
  }, [against]);
  useEffect(() => void call("POST", "/routing/check", { body: { version: number } }).then(setChecked, setProblem), []);
  const act = async (what, body) => {
    try {
      await call("POST", `/routing/rules/versions/${number}/${what}`, { body });
      close();
    } catch (refused) {
      setProblem(refused);
    }
  };
  const change = async () => {
    try {
      goOn(await base(number));
      go({ admin: "rules", part: "published", chosen: true });
    } catch (refused) {
      setProblem(refused);
    }
  };
  const failing = checked?.failing ?? [];
  const others = versions.map((one) => one.version).filter((one) => one !== number);
  return html`<${Sheet} title=${t("version_n", { n: number })} close=${close} wide>
    <p>${version.note || t("no_reason")}</p><p class="muted"><${Made} version=${version} /></p>
    <div class="asked"><label for="against">${t("compared_with")}</label><select id="against" value=${against} onChange=${(event) => setAgainst(Number(event.currentTarget.value))}>
      ${[...new Set([against, ...others, 0])].map((one) => html`<option key=${one} value=${one}>${one ? t("version_n", { n: one }) : t("nothing_at_all")}</option>`)}</select></div>
    ${found ? html`<${Difference} found=${found} />` : !problem && html`<p class="muted">${t("loading")}</p>`}
    ${checked && html`<${Warnings} warnings=${checked.warnings} />`}
    ${failing.length > 0 && html`<h3>${t("tests_failing", { n: failing.length })}</h3><${Failing} failing=${failing} />`}
    ${problem && html`<${Refused} problem=${problem} />`}
    ${mayChange() && version.state !== "published" && html`
      ${failing.length > 0 && html`<div class="asked"><label for="overrule">${t("overrule_why")}</label><input id="overrule" value=${reason} onInput=${(event) => setReason(event.currentTarget.value)} /></div>`}
      <div class="ends">
        <button onClick=${change}>${t("change_its_rules")}</button>
        ${version.state === "draft" && version.author !== me.value.id && !version.approved_by && html`<button onClick=${() => act("approve", {})}>${t("approve")}</button>`}
        <button class="primary" disabled=${!checked || (failing.length > 0 && !reason.trim())} onClick=${() => act("publish", { overrule: reason.trim() })}>${t(version.state === "draft" ? "publish" : "go_back_to_it")}</button>
      </div>`}
  <//>`;
}

/** Who made a version, when, and what else is kept of it. */
export function Made({ version }) {
  return html`${who(version.author)} · <time datetime=${version.created_at} title=${full(version.created_at)}>${moment(version.created_at)}</time> · ${t("rules_n", { n: version.count })}
    ${version.approved_by && html` · ${t("approved_by", { who: who(version.approved_by) })}`}${version.overruled && html` · ${t("overruled", { why: version.overruled })}`}`;
}
