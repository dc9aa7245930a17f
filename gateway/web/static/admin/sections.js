// What an admin sets up: each section's path in the API, what its list shows and what its form asks.
import { agents, catalogue, nameOf } from "../inbox/catalogue.js";
import { t, told } from "./words.js";

const ROLES = ["agent", "supervisor", "admin"];
const PRIORITIES = ["low", "normal", "high", "urgent"];
const REASONS = ["customer", "internal", "snoozed"];
const FIELD_TYPES = ["text", "number", "boolean", "date", "choice"];

const named = (kind) => () => catalogue(kind).map(({ id }) => [id, nameOf(kind, id)]);
const words = (names) => () => names.map((name) => [name, t(name)]);
const list = (kind, ids) => (ids ?? []).map((id) => nameOf(kind, id)).join(", ");
const calendars = () => [["", "—"], ...named("calendars")()];
const colleagues = () => [["", "—"], ...agents.value.map(({ id, name }) => [id, name])];
/** Kinds of the desk's channels, and those that a count names though no channel is of that kind any more. */
const kinds = (counted) => [...new Set([...catalogue("channels").map(({ kind }) => kind), ...Object.keys(counted)])].sort().map((kind) => [kind, told(`kind_${kind}`, kind)]);
const NAME = { name: "name", kind: "text", required: true };
const NAMES = { name: "names", kind: "names" };
const ID = { name: "id", kind: "text", once: true, hint: "id_hint" };

/** `fields` of a form: kind text, area, email, password, number, check, choice, many, lines, levels, needs, names,
 *  counts, steps, week, dates, file. `further`: asked for on demand. */
export const SECTIONS = {
  agents: {
    path: "/agents", title: ({ name }) => name,
    tells: ({ role, email, queues, active }) => [t(role), email, list("queues", queues), active ? "" : t("inactive")],
    fields: [NAME, { name: "email", kind: "email", required: true }, { name: "role", kind: "choice", choices: words(ROLES), initial: "agent" },
      { name: "password", kind: "password", hint: "password_hint" }, { name: "queues", kind: "many", choices: named("queues") },
      { name: "skills", kind: "levels", label: () => t("skills_and_levels"), choices: named("skills") }, { name: "capacity", kind: "number", initial: 5, hint: "capacity_hint" },
      { name: "active", kind: "check", initial: true }, { name: "channels", kind: "counts", choices: kinds, hint: "channels_at_once_hint", label: () => t("channels_at_once"), further: true },
      { name: "shift", kind: "choice", choices: calendars, hint: "shift_hint", further: true }, { name: "stand_in", kind: "choice", choices: colleagues, hint: "stand_in_hint", further: true }],
  },
  queues: {
    path: "/queues", title: ({ id }) => nameOf("queues", id),
    tells: (queue) => [queue.skills.map(({ skill, level }) => `${nameOf("skills", skill)} ≥ ${level}`).join(", "), queue.default ? t("is_default") : "",
      queue.offer_seconds ? t("offered_for", { n: queue.offer_seconds }) : t("assigned_at_once")],
    fields: [NAME, ID, NAMES, { name: "skills", kind: "needs", choices: named("skills") },
      { name: "offer_seconds", kind: "number", initial: 60, hint: "offer_hint" }, { name: "wrap_up_seconds", kind: "number", initial: 0, hint: "wrap_up_hint" },
      ...["assignment", "ownership"].map((name) => ({ name, kind: "number", empty: null, hint: "minutes_hint" })),
      { name: "calendar", kind: "choice", choices: calendars }, { name: "default", kind: "check" },
      { name: "steps", kind: "steps", hint: "steps_hint", further: true }, { name: "hurry", kind: "check", hint: "hurry_hint", further: true },
      { name: "hold_seconds", kind: "number", initial: 30, hint: "hold_hint", further: true }, { name: "most_each", kind: "number", initial: 0, hint: "most_each_hint", further: true },
      { name: "units", kind: "counts", choices: kinds, otherwise: 1, hint: "units_hint", further: true }],
  },
  skills: {
    path: "/skills", title: ({ id }) => nameOf("skills", id), tells: ({ description }) => [description],
    fields: [NAME, ID, NAMES, { name: "description", kind: "text" }, { name: "reserve", kind: "number", initial: 0, hint: "reserve_hint" }],
  },
  tiers: {
    path: "/tiers", title: ({ id }) => nameOf("tiers", id), tells: ({ order }) => [t("order_is", { n: order })],
    fields: [NAME, ID, NAMES, { name: "order", kind: "number", initial: 0, hint: "order_hint" }],
  },
  types: {
    path: "/ticket-types", title: ({ id }) => nameOf("types", id), tells: ({ description }) => [description],
    fields: [NAME, ID, NAMES, { name: "description", kind: "text" }],
  },
  fields: {
    path: "/fields", title: ({ id }) => nameOf("fields", id),
    tells: ({ on, type, choices }) => [t(`on_${on}`), t(`type_${type}`), choices.join(", ")],
    fields: [NAME, ID, NAMES, { name: "on", kind: "choice", choices: () => ["ticket", "customer"].map((one) => [one, t(`on_${one}`)]), initial: "ticket" },
      { name: "type", kind: "choice", choices: () => FIELD_TYPES.map((one) => [one, t(`type_${one}`)]), initial: "text" },
      { name: "choices", kind: "lines" }],
  },
  policies: {
    path: "/sla-policies", title: ({ names, name }) => names?.zh && t("language_tag") === "zh" ? names.zh : name,
    tells: (policy) => [list("tiers", policy.tiers), policy.priorities.map((one) => t(one)).join(", "),
      ...["first_response", "next_response", "resolution"].filter((metric) => policy[metric] !== null).map((metric) => `${t(metric)} ${t("minutes_n", { n: policy[metric] })}`)],
    fields: [NAME, ID, NAMES, { name: "tiers", kind: "many", choices: named("tiers") }, { name: "priorities", kind: "many", choices: words(PRIORITIES) },
      { name: "calendar", kind: "choice", choices: calendars },
      ...["first_response", "next_response", "resolution"].map((name) => ({ name, kind: "number", empty: null, hint: "minutes_hint" })),
      { name: "pause_on", kind: "many", choices: () => REASONS.map((one) => [one, t(`reason_${one}`)]), initial: ["customer"], hint: "pause_hint" }],
  },
  calendars: {
    path: "/calendars", title: ({ id }) => nameOf("calendars", id),
    tells: ({ tz, country, weekly }) => [tz, country, t("days_n", { n: Object.keys(weekly).length })],
    fields: [NAME, ID, NAMES, { name: "tz", kind: "text", required: true, initial: Intl.DateTimeFormat().resolvedOptions().timeZone, hint: "tz_hint" },
      { name: "weekly", kind: "week", hint: "weekly_hint", initial: Object.fromEntries(["mon", "tue", "wed", "thu", "fri"].map((day) => [day, [["09:00", "17:00"]]])) },
      { name: "country", kind: "text", hint: "country_hint" }, { name: "holidays", kind: "lines", hint: "holidays_hint" }, { name: "special_hours", kind: "dates", hint: "special_hours_hint" }],
  },
  articles: {
    path: "/articles", title: ({ title }) => title,
    tells: ({ language, folder, internal, draft, phrasings, tags }) => [folder, language, internal ? t("internal") : "", draft ? t("draft") : "", t("phrasings_n", { n: phrasings.length }), tags.join(", ")],
    fields: [{ name: "title", kind: "text", required: true }, { name: "answer", kind: "area", required: true },
      { name: "phrasings", kind: "lines", hint: "phrasings_hint" }, { name: "language", kind: "choice", choices: () => [["", "—"], ["en", "English"], ["zh", "中文"]] },
      { name: "folder", kind: "text" }, { name: "tags", kind: "lines" },
      { name: "internal", kind: "check" }, { name: "draft", kind: "check" }],
  },
  tokens: {
    path: "/tokens", title: ({ name }) => name, fixed: true, made: ({ token }) => ({ token }),
    tells: ({ role, revoked_at }) => [t(role), revoked_at ? t("revoked") : ""],
    fields: [NAME, { name: "role", kind: "choice", choices: words(ROLES), initial: "agent" }],
  },
};

/** Everything there is to choose from in the console, in its order. */
export const ORDER = ["overview", "agents", "queues", "skills", "tiers", "types", "fields", "policies", "calendars", "channels", "rules", "articles",
  "learning", "letters", "tokens", "audit"];

/** Who may look: supervisors see what agents do not, and only admins change it. */
export const FOR_SUPERVISORS = new Set(["overview", "agents", "queues", "skills", "tiers", "types", "fields", "policies", "calendars", "channels", "rules",
  "articles", "learning", "letters"]);

export { agents };
