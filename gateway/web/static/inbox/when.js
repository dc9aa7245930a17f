// Ages, promises and times of day in few letters.
import { signal } from "../ui/html.js";
import { locale } from "../ui/language.js";
import { t } from "./words.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SOON = 15 * MINUTE;

/** The time, renewed once a second, so that ages and countdowns move. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 1000);

export function span(milliseconds) {
  if (milliseconds < MINUTE) return t("seconds", { n: Math.max(0, Math.floor(milliseconds / 1000)) });
  if (milliseconds < HOUR) return t("minutes", { n: Math.floor(milliseconds / MINUTE) });
  if (milliseconds < 2 * DAY) return t("hours", { n: Math.floor(milliseconds / HOUR) });
  return t("days", { n: Math.floor(milliseconds / DAY) });
}

export function age(at) {
  const passed = now.value - Date.parse(at);
  return passed < MINUTE ? t("now") : span(passed);
}

/** `{text, state}` of a promise due at `at`; state is late, soon or calm. */
export function promise(at) {
  const left = Date.parse(at) - now.value;
  if (left < 0) return { text: t("late", { time: span(-left) }), state: "late" };
  return { text: t("left", { time: span(left) }), state: left < SOON ? "soon" : "calm" };
}

export function moment(at) {
  const time = new Date(at);
  const clock = { hour: "2-digit", minute: "2-digit" };
  if (time.toDateString() === new Date(now.peek()).toDateString()) return time.toLocaleTimeString(locale(), clock);
  return time.toLocaleString(locale(), { month: "short", day: "numeric", ...clock });
}

export function full(at) {
  return new Date(at).toLocaleString(locale(), { dateStyle: "full", timeStyle: "short" });
}
