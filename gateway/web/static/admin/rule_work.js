// The rules as they are being changed: a copy beside those that decide, until it is stored or given up.
import { signal } from "../ui/html.js";
import { call, callWithTag } from "../inbox/api.js";

/** `{version, etag, before, rules, listsBefore, lists, casesBefore, cases, checked}`; null while nothing is being changed. `checked` is what the desk says of them, or `{problem}`. */
export const work = signal(null);

/** What changes begin with: the published rules, or those of another version. */
export async function base(version) {
  const { value, etag } = await callWithTag("GET", "/routing/rules");
  const other = version !== undefined && version !== value.version;
  const { version: number, rules, lists, cases } = other ? await call("GET", `/routing/rules/versions/${version}`) : value;
  // Left out, the phrase lists are those of the published version.
  return { version: number, etag, before: value.rules, rules, listsBefore: value.lists, lists: other ? lists : undefined, casesBefore: value.cases, cases, about: value.about };
}

/** What the desk says of a copy: errors as a Problem, else warnings, failing tests, and the sentences of `tell`. */
export const checked = ({ rules, lists, cases }, tell) => call("POST", "/routing/check", { body: { rules, lists, cases, tell: tell.slice(0, 100) } });

/** Go on with the copy; the desk looks at it meanwhile. */
export async function goOn(copy) {
  if (!changes(copy)) return void (work.value = null);
  const asked = { ...copy, checked: null };
  work.value = asked;
  const found = await checked(asked, changedIds(asked)).catch((problem) => ({ problem }));
  if (work.value === asked) work.value = { ...asked, checked: found };
}

/** The rules that are new or not as they were. */
export function changedIds({ before, rules }) {
  const old = new Map(before.map((rule) => [rule.id, JSON.stringify(rule)]));
  return rules.filter((rule) => old.get(rule.id) !== JSON.stringify(rule)).map(({ id }) => id);
}

/** How much is not as it was: rules changed and taken out; one more for their order, for the phrases, and for the tests. */
export function changes(copy) {
  const ids = new Set(copy.rules.map(({ id }) => id));
  const gone = copy.before.filter(({ id }) => !ids.has(id)).length;
  const kept = copy.before.map(({ id }) => id).filter((id) => ids.has(id));
  const order = copy.rules.map(({ id }) => id).filter((id) => kept.includes(id));
  const moved = kept.join("\n") !== order.join("\n");
  const tested = JSON.stringify(copy.cases) !== JSON.stringify(copy.casesBefore);
  const listed = copy.lists !== undefined && sorted(copy.lists) !== sorted(copy.listsBefore);
  return changedIds(copy).length + gone + Number(moved) + Number(listed) + Number(tested);
}

// The same phrases in another order are the same.
const sorted = (lists) => JSON.stringify(Object.entries(lists).map(([name, phrases]) => [name, Object.entries(phrases).sort()]).sort());

export const put = (copy, at, rule) => goOn({ ...copy, rules: copy.rules.toSpliced(at, 1, rule) });
export const remove = (copy, at) => goOn({ ...copy, rules: copy.rules.toSpliced(at, 1) });
export const add = (copy, rules, cases = []) => goOn({ ...copy, rules: [...copy.rules, ...rules], cases: [...copy.cases, ...cases] });

/** One place up (-1) or down (1) among the rules of its stage. */
export function move(copy, at, by) {
  const other = neighbour(copy.rules, at, by);
  if (other < 0) return undefined;
  const rules = [...copy.rules];
  [rules[at], rules[other]] = [rules[other], rules[at]];
  return goOn({ ...copy, rules });
}

/** The place of the next rule of the same stage in that direction; -1 where there is none. */
export function neighbour(rules, at, by) {
  for (let other = at + by; other >= 0 && other < rules.length; other += by) if (rules[other].stage === rules[at].stage) return other;
  return -1;
}

/** Store the copy, as the version that decides or as a draft. */
export async function store({ rules, lists, cases, etag }, { publish, note, overrule }) {
  // A draft changes nothing for anybody, so it is kept although others have published meanwhile.
  await call("PUT", "/routing/rules", { body: { rules, lists, cases, note, publish, overrule }, etag: publish ? etag : undefined });
  work.value = null;
}
