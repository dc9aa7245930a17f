// What the visitor sees: heading, the log of messages, and the field to write in.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui/html.js";
import { language, locale, translator } from "../ui/language.js";
import { fileSize, link as webLink, linked, wordsOf } from "../ui/text.js";
import { Composer } from "./composer.js";
import { Icon } from "./icon.js";
import { words } from "./words.js";

const t = translator(words);

export function Chat({ log, outbox, link, draft, open, framed, actions }) {
  language.value; // drawn again when the language changes
  return html`<main class="chat">
    <header>
      <div class="title"><h1>${link.channelName.value || " "}</h1>
        ${link.helper.value ? html`<p>${t("helper", { name: link.helper.value })}</p>` : link.wait.value && html`<p role="status">${waitFor(link.wait.value)}</p>`}</div>
      ${framed && html`<button class="close" onClick=${actions.close} aria-label=${t("close")}><${Icon} d="M6 6l12 12M18 6L6 18" /></button>`}
    </header>
    <${Notice} link=${link} />
    <${Messages} log=${log} outbox=${outbox} open=${open} actions=${actions} />
    <${Composer} ...${{ link, log, draft, open, actions }} />
  </main>`;
}

function Notice({ link }) {
  const { state, attempts, hours } = link;
  if (state.value === "ready") {
    if (!hours.value || hours.value.open) return null;
    const text = hours.value.opens_at ? t("closed_until", { when: instant(hours.value.opens_at) }) : t("closed");
    return html`<p class="notice" role="status">${text}</p>`;
  }
  const text = state.value === "refused" ? t("refused") : attempts.value > 1 ? t("offline") : t("connecting");
  return html`<p class="notice" role="status">${text}</p>`;
}

function Messages({ log, outbox, open, actions }) {
  const box = useRef(null);
  const atEnd = useRef(true);
  const [below, setBelow] = useState(false);
  const messages = log.messages.value;
  const waiting = outbox.entries.value.filter((entry) => !messages.some((one) => one.client_id === entry.frame.client_id));
  const last = messages.at(-1);

  const follow = () => {
    box.current.scrollTop = box.current.scrollHeight;
    setBelow(false);
  };
  const scrolled = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
    atEnd.current = scrollHeight - scrollTop - clientHeight < 60;
    if (atEnd.current) setBelow(false);
  };
  useLayoutEffect(() => {
    if (atEnd.current || waiting.length) follow();
    else if (last?.author !== "customer") setBelow(true);
  }, [messages.length, waiting.length, log.typing.value]);
  useLayoutEffect(follow, [open.value]);
  useLayoutEffect(() => {
    const resized = new ResizeObserver(() => atEnd.current && follow());
    resized.observe(box.current);
    return () => resized.disconnect();
  }, []);

  return html`
    <div class="scroll" ref=${box} onScroll=${scrolled} tabindex="0" role="log" aria-label=${t("log")}>
      ${!messages.length && !waiting.length && html`<div class="welcome"><p>${t("greeting")}</p><p>${t("greeting_more")}</p></div>`}
      <ol>
        ${messages.map((message, at) => html`
          ${newDay(message, messages[at - 1]) && html`<li class="day" key=${`day-${message.id}`}>${dayName(message.created_at)}</li>`}
          <${Message} key=${message.id} message=${message} before=${messages[at - 1]}
            options=${message === last && !waiting.length ? message.options : null} actions=${actions} />`)}
        ${waiting.map((entry) => html`<${Waiting} key=${entry.frame.client_id} entry=${entry} first=${entry === outbox.next()} actions=${actions} />`)}
      </ol>
      ${log.typing.value && html`<p class="typing" role="status"><span class="dots"><i></i><i></i><i></i></span>
        <span>${t("typing", { name: log.typing.value.trim() || t("agent") })}</span></p>`}
    </div>
    ${below && html`<button class="below" onClick=${follow}>↓ ${t("new_below")}</button>`}`;
}

function Message({ message, before, options, actions }) {
  if (message.author === "joined") return html`<li class="message system"><div class="bubble">${t("joined", { name: message.text })}</div></li>`;
  const own = message.author === "customer";
  const name = own ? t("you") : message.author_name || t(message.author === "agent" ? "agent" : "bot");
  const again = before && before.author === message.author && before.author_name === message.author_name && !newDay(message, before);
  const text = wordsOf(message);
  return html`<li class=${`message ${message.author}${again ? " again" : ""}`}>
    <span class=${own || again ? "unseen" : "name"}>${name}</span>
    ${text && html`<div class="bubble">${linked(text)}</div>`}
    ${message.attachments?.map((file) => html`<div class="bubble file">${webLink(file.url, file.name || t("file"))} <small>${fileSize(file.size)}</small></div>`)}
    <time datetime=${message.created_at}>${hour(message.created_at)}</time>
    ${options?.length > 0 && html`<div class="options">
      ${options.map((option) => html`<button key=${option.value} onClick=${() => actions.pick(option)}>${option.label}</button>`)}</div>`}
  </li>`;
}

function Waiting({ entry, first, actions }) {
  const { failed, frame } = entry;
  return html`<li class=${`message customer ${failed ? "failed" : "waiting"}`}>
    <span class="unseen">${t("you")}</span>
    ${frame.text && html`<div class="bubble">${linked(frame.text)}</div>`}
    ${frame.attachments?.length > 0 && html`<div class="bubble file">${t("files", { count: frame.attachments.length })}</div>`}
    ${failed
      ? html`<p class="state" role="alert">${words.en[failed.code] ? t(failed.code) : failed.detail} ${t("failed")}
          <button onClick=${() => actions.edit(entry)}>${t("edit")}</button>
          <button onClick=${() => actions.remove(entry)}>${t("remove")}</button></p>`
      : html`<p class="state">${t(first ? "sending" : "waiting")}</p>`}
  </li>`;
}

function waitFor({ seconds }) {
  const minutes = Math.ceil(seconds / 60);
  if (seconds === null) return t("wait_unknown");
  return minutes < 60 ? t("wait_minutes", { n: minutes }) : t("wait_hours", { n: Math.ceil(minutes / 60) });
}

const newDay = (message, before) => !before || new Date(message.created_at).toDateString() !== new Date(before.created_at).toDateString();

const instant = (at) => new Date(at).toLocaleString(locale(), { weekday: "long", hour: "2-digit", minute: "2-digit" });

const hour = (at) => new Date(at).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });

function dayName(at) {
  const day = new Date(at);
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  if (day.toDateString() === new Date().toDateString()) return t("today");
  if (day.toDateString() === yesterday.toDateString()) return t("yesterday");
  return day.toLocaleDateString(locale(), { month: "long", day: "numeric" });
}
