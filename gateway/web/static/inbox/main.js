// The inbox: signed out, the form; signed in, three panes.
import { effect, html, render, useEffect } from "../ui/html.js";
import { language } from "../ui/language.js";
import { Conversation } from "./conversation.js";
import { Console } from "../admin/console.js";
import { Notices } from "../notices/notices.js";
import { ByHand } from "./by_hand.js";
import { counts, me, open, resume, session, stream, toast } from "./desk.js";
import { Icon } from "./icons.js";
import { Keys, listenToKeys } from "./keys.js";
import { List } from "./list.js";
import { Asked } from "./merge.js";
import { Quarantine } from "./quarantine.js";
import { Rail } from "./rail.js";
import { route } from "./route.js";
import { SignIn } from "./sign_in.js";
import { t } from "./words.js";

const TOAST_MS = 8_000;

function Inbox() {
  language.value; // drawn again when the language changes
  if (session.value === undefined) return html`<p class="unseen" role="status">${t("loading")}</p>`;
  if (!session.value) return html`<${SignIn} /><${Toast} />`;
  const { admin, notices, chosen } = route.value;
  const console = admin && me.value.role !== "agent";
  return html`<main class=${(console || notices ? chosen : open.value) ? "desk reading" : "desk"}>
      <${Rail} />${console ? html`<${Console} />` : notices ? html`<${Notices} />` : html`<${List} /><${Conversation} />`}
    </main>
    <${ByHand} /><${Asked} /><${Quarantine} />
    ${stream.lost.value && html`<p class="lost" role="status">${t("reconnecting")}</p>`}
    <${Toast} /><${Keys} />`;
}

function Toast() {
  const shown = toast.value;
  const close = () => (toast.value = null);
  useEffect(() => {
    if (!shown) return undefined;
    const timer = setTimeout(close, TOAST_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  return html`<div class="toast" role="alert">${shown && html`<p>${shown.text}
    <button class="plain bare" onClick=${close} aria-label=${t("close")}><${Icon} name="close" /></button></p>`}</div>`;
}

effect(() => void (document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en"));
effect(() => {
  const subject = open.value?.ticket?.subject;
  const waiting = counts.value.unassigned > 0 ? `(${counts.value.unassigned}) ` : "";
  document.title = `${waiting}${subject ? `${subject} · ` : ""}Frontdesk`;
});
listenToKeys();
render(html`<${Inbox} />`, document.body);
resume();
