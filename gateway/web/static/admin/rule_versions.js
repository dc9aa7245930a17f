// Versions of the rule set: who, when and why; one opened shows what it changes, and can be published or gone back to.
import { html, useState } from "../ui/html.js";
import { call } from "../inbox/api.js";
import { complain } from "../inbox/desk.js";
import { Loaded, useLoaded } from "./records.js";
import { Made, Version } from "./rule_version.js";
import { t } from "./words.js";

const PATH = "/routing/rules/versions?limit=50";

export function Versions() {
  const [older, setOlder] = useState({ items: [], cursor: null });
  const [shown, setShown] = useState(null);
  const state = useLoaded(async () => {
    const page = await call("GET", PATH);
    setOlder({ items: [], cursor: page.next_cursor });
    return page.data;
  }, "versions");
  const more = async () => {
    try {
      const page = await call("GET", `${PATH}&cursor=${encodeURIComponent(older.cursor)}`);
      setOlder({ items: [...older.items, ...page.data], cursor: page.next_cursor });
    } catch (problem) {
      complain(problem);
    }
  };
  const close = () => {
    setShown(null);
    state.again();
  };
  const versions = [...(state.items ?? []), ...older.items];
  return html`<${Loaded} state=${state} empty=${t("no_versions")}>
      <ul class="records">${versions.map((one) => html`<li key=${one.version}><button class="record" onClick=${() => setShown(one.version)}>
        <b>${t("version_n", { n: one.version })} <span class=${`state ${one.state === "published" ? "fine" : ""}`}>${t(`state_${one.state}`)}</span></b>
        <span>${one.note || t("no_reason")}</span><small class="muted"><${Made} version=${one} /></small></button></li>`)}</ul>
      ${older.cursor && html`<button class="more" onClick=${more}>${t("more")}</button>`}
    <//>
    ${shown && html`<${Version} key=${shown} number=${shown} versions=${versions} close=${close} />`}`;
}
