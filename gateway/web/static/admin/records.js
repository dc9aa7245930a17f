// A section that is a list of records: look, add, change, delete.
import { html, useEffect, useState } from "../ui/html.js";
import { all, call, callWithTag } from "../inbox/api.js";
import { me, setUp } from "../inbox/desk.js";
import { document, Form } from "./form.js";
import { Once } from "./once.js";
import { SECTIONS } from "./sections.js";
import { t } from "./words.js";

export const mayChange = () => me.value?.role === "admin";

/** What `load` gives, again whenever something changed; `{items, problem, again}`. */
export function useLoaded(load, name) {
  const [state, setState] = useState({ items: null, problem: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    load().then(
      (items) => current && setState({ items, problem: null }),
      (problem) => current && setState((old) => ({ ...old, problem })),
    );
    return () => void (current = false);
  }, [name, turn, setUp.value]);
  return { ...state, again: () => setTurn((old) => old + 1) };
}

/** Loading, failed, empty, or what there is. */
export function Loaded({ state, empty, children }) {
  if (state.problem && !state.items) {
    return html`<div class="empty" role="alert"><p>${state.problem.message}</p><button onClick=${state.again}>${t("again")}</button></div>`;
  }
  if (!state.items) return html`<div class="empty"><p>${t("loading")}</p></div>`;
  if (!state.items.length) return html`<div class="empty"><p>${empty}</p></div>`;
  return children;
}

export function Records({ name }) {
  const section = SECTIONS[name];
  const state = useLoaded(() => all(section.path), name);
  const [shown, setShown] = useState(null); // {item, etag}: a record; {}: a new one
  const [made, setMade] = useState(null);
  const [sought, setSought] = useState("");
  useEffect(() => setSought(""), [name]);
  const open = async (item) => {
    if (section.fixed) return setShown({ item });
    const { value, etag } = await callWithTag("GET", `${section.path}/${item.id}`);
    setShown({ item: value, etag });
  };
  const done = () => {
    setShown(null);
    state.again();
  };
  const save = async (values) => {
    const body = document(section.fields, values, shown.item);
    if (shown.item) await call("PATCH", `${section.path}/${shown.item.id}`, { body, etag: shown.etag });
    else {
      const answer = await call("POST", section.path, { body });
      if (section.made) setMade(section.made(answer));
    }
    done();
  };
  const remove = async () => {
    await call("DELETE", `${section.path}/${shown.item.id}`, { etag: shown.etag });
    done();
  };
  const wanted = sought.trim().toLowerCase();
  const found = state.items?.filter((item) => !wanted || JSON.stringify(item).toLowerCase().includes(wanted));
  return html`<div class="bar">
      ${state.items?.length > 8 && html`<label class="search"><span class="unseen">${t("find")}</span><input type="search" placeholder=${t("find")} value=${sought} onInput=${(event) => setSought(event.currentTarget.value)} /></label>`}
      ${mayChange() && html`<button class="primary" onClick=${() => setShown({})}>${t("add")}</button>`}
    </div>
    <${Loaded} state=${state} empty=${t("nothing_yet")}>
      <ul class="records">${found?.map((item) => html`<li key=${item.id}><${Row} section=${section} item=${item} open=${mayChange() ? () => open(item) : null} /></li>`)}</ul>
      ${found?.length === 0 && html`<div class="empty"><p>${t("no_matches", { q: sought })}</p></div>`}
    <//>
    ${shown && !(section.fixed && shown.item) && html`<${Form} key=${shown.item?.id ?? "new"} title=${shown.item ? section.title(shown.item) : t(`new_${name}`)}
      fields=${section.fields} item=${shown.item} close=${() => setShown(null)} save=${save} remove=${shown.item && remove} />`}
    ${section.fixed && shown?.item && html`<${Form} key=${shown.item.id} title=${section.title(shown.item)} fields=${[]} item=${shown.item}
      note=${t("token_note")} close=${() => setShown(null)} save=${async () => setShown(null)} remove=${shown.item.revoked_at ? null : remove} />`}
    ${made && html`<${Once} secrets=${made} close=${() => setMade(null)} />`}`;
}

function Row({ section, item, open }) {
  const inside = html`<b>${section.title(item)}</b><span>${section.tells(item).filter(Boolean).join(" · ")}</span>`;
  return open ? html`<button class="record" onClick=${open}>${inside}</button>` : html`<div class="record">${inside}</div>`;
}
