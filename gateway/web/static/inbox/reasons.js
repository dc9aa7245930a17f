// What the desk says of its decisions, in the reader's language.
import { language } from "../ui/language.js";

// In the desk's words (router/decide.py, router/decide_ticket.py) and in Chinese; what an article or a person is called stays as it is.
const CHINESE = [
  [/^opens a ticket: (.*)$/, (_, why) => `新建工单：${inChinese(why)}`],
  [/^reopens ticket #(\d+)(.*)$/, (_, number) => `重新打开工单 #${number}`],
  [/^joins ticket #(\d+)(.*)$/, (_, number) => `归入工单 #${number}`],
  [/^automatic message: kept, not answered$/, () => "自动消息：保留，不回复"],
  [/^discarded: (.*)$/, (_, why) => `已丢弃：${why}`],
  [/^a rule asks for a person$/, () => "规则要求转人工"],
  [/^a rule skips the bot$/, () => "规则跳过机器人"],
  [/^the customer asks for a person$/, () => "客户要求转人工"],
  [/^the customer says the answer helped$/, () => "客户表示回答有帮助"],
  [/^the customer says it did not help$/, () => "客户表示没有帮助"],
  [/^a rule answers with '(.*)'$/, (_, title) => `规则用文章“${title}”回答`],
  [/^the customer chose '(.*)'$/, (_, title) => `客户选择了“${title}”`],
  [/^(\d+) turns of the bot$/, (_, count) => `机器人已回复 ${count} 轮`],
  [/^answers with '(.*)', confidence ([\d.]+)$/, (_, title, confidence) => `用文章“${title}”回答，置信度 ${confidence}`],
  [/^asks which was meant: (.*)$/, (_, titles) => `询问客户指的是哪一个：${titles}`],
  [/^nothing left to suggest$/, () => "没有可建议的内容了"],
  [/^nothing in the knowledge base(.*)$/, () => "知识库里没有合适的内容"],
  [/^no article (.*)$/, () => "知识库里没有合适的内容"],
  [/^an agent stepped in$/, () => "客服主动接管"],
  [/^opened by hand$/, () => "手动创建"],
  [/^rules about a new ticket$/, () => "关于新工单的规则"],
  [/^rules about a change of the ticket$/, () => "关于工单变更的规则"],
  [/^rules about time that passed$/, () => "关于时间流逝的规则"],
];

function inChinese(why, phrases = CHINESE) {
  for (const [pattern, say] of phrases) {
    const found = why.match(pattern);
    if (found) return say(...found);
  }
  return why;
}

// In the desk's words (router/assignment_order.py): parts of a reason, each by itself.
const OFFERED = [
  [/^urgent, promise due in (\d+) s, tier (.*)$/, (_, left, tier) => `紧急，承诺还剩 ${left} 秒，等级 ${tier}`],
  [/^calm, promise due in (\d+) s, no skill needed$/, (_, left) => `不急，承诺还剩 ${left} 秒，无需技能`],
  [/^calm, promise due in (\d+) s, agents online with its rarest skill: (\d+)$/, (_, left, count) => `不急，承诺还剩 ${left} 秒，掌握最稀缺技能的在线客服 ${count} 人`],
  [/^(urgent|calm), promise missed, renewed to end in (\d+) s.*$/, (_, band, left) => `${band === "urgent" ? "紧急" : "不急"}，已超时，新期限还剩 ${left} 秒`],
  [/^the only agent free to take it$/, () => "唯一有空的客服"],
  [/^chosen over (.*): (.*) missed an offer lately$/, (_, other) => `优先于${other}：对方刚错过派单`],
  [/^chosen over (.*): ties up less scarce skill$/, (_, other) => `优先于${other}：占用的稀缺技能更少`],
  [/^chosen over (.*): less busy \((.*) against (.*)\)$/, (_, other, own, theirs) => `优先于${other}：更空闲（${own} 对 ${theirs}）`],
  [/^chosen over (.*): idle longer$/, (_, other) => `优先于${other}：空闲更久`],
  [/^chosen over (.*): first by id$/, (_, other) => `优先于${other}：编号在前`],
  [/^before ticket (.*): better tier$/, (_, other) => `先于 ${other}：等级更高`],
  [/^before ticket (.*): rarer skill$/, (_, other) => `先于 ${other}：技能更稀缺`],
  [/^before ticket (.*): that is calm$/, (_, other) => `先于 ${other}：那张不急`],
  [/^before ticket (.*): due (\d+) s sooner$/, (_, other, by) => `先于 ${other}：期限早 ${by} 秒`],
  [/^before ticket (.*): first by id$/, (_, other) => `先于 ${other}：编号在前`],
  [/^pinned to (.*)$/, (_, name) => `固定给${name}`],
  [/^had this ticket before$/, () => "之前处理过这张工单"],
  [/^the customer's owner$/, () => "客户的负责人"],
  [/^stands in for the customer's owner$/, () => "客户负责人的代理人"],
  [/^served this customer last$/, () => "上次服务该客户的人"],
];

const STOPPED = [
  [/^no message was decided$/, () => "还没有对消息做过决定"],
  [/^rule (\S+) sent it there$/, (_, rule) => `规则 ${rule} 已把它送到那里`],
  [/^no rule sends anything to (.*)$/, (_, queue) => `没有规则会送到 ${queue}`],
  [/^rule (\S+) would have sent it there, but (.*)$/, (_, rule, why) => `规则 ${rule} 本会送到那里，但${why.split("; ").map((part) => inChinese(part, STOPPED)).join("；")}`],
  [/^it had had its effect before$/, () => "它之前已经生效"],
  [/^it is off$/, () => "它已停用"],
  [/^it failed: (.*)$/, (_, why) => `它出错了：${why}`],
  [/^rule (\S+) matched before it$/, (_, rule) => `规则 ${rule} 先匹配了`],
  [/^an earlier rule matched before it$/, () => "前面的规则先匹配了"],
  [/^rule (\S+) set another queue after it$/, (_, rule) => `之后规则 ${rule} 设了别的队列`],
  [/^its condition did not hold$/, () => "它的条件不成立"],
  [/^the expression (.*) was false$/, (_, expression) => `表达式 ${expression} 不成立`],
  [/^the expression (.*) was (.*)$/, (_, expression, found) => `表达式 ${expression} 的结果是 ${found}`],
  [/^(\S+) (\S+) (.*) did not hold: it was (.*)$/, (_, field, op, expected, found) => `${field} ${op} ${expected} 不成立：实际为 ${found}`],
];

// What rules call by name, as the sentences about them say it (router/rules/wording.py).
const CALLED = { queue: "队列", priority: "优先级", type: "类型", tier: "等级", language: "语言", policy: "服务承诺", outcome: "结果", urgent: "紧急", high: "高", normal: "普通", low: "低", none: "无", tags: "标签", skills: "技能", article: "文章", said: "规则的回复", answered: "回答", handed_over: "创建工单", joined: "并入原工单", changed: "更改工单", discarded: "丢弃", asked: "询问", closed: "关闭", nothing: "无动作" };
const called = (name) => CALLED[name] ?? name;
// What else is set is called as the desk calls it.
const value = (field, given) => (field === "priority" || field === "outcome" || given === "none" ? called(given) : given);

// In the desk's words (router/rules/outcome.py): what a rule did.
const DID = [
  [/^set (\S+) to (.*)$/s, (_, field, to) => `将${called(field)}设为${value(field, to)}`],
  [/^tag (.*)$/s, (_, tag) => `添加标签“${tag}”`],
  [/^require (.*) at level (\d+)$/s, (_, skill, level) => `需要技能 ${skill}，至少 ${level} 级`],
  [/^reply$/, () => "回复"],
  [/^no reply, the template gave an empty text$/, () => "没有回复：模板结果为空"],
  [/^no reply, the template failed: (.*)$/s, (_, why) => `没有回复，模板出错：${why}`],
  [/^answer with article (.*)$/s, (_, article) => `用文章 ${article} 回答`],
  [/^hand over$/, () => "转人工"],
  [/^skip the bot$/, () => "跳过机器人"],
  [/^discard: (.*)$/s, (_, why) => `丢弃：${why}`],
  [/^notify (.*)$/s, (_, to) => `通知 ${to}`],
  [/^call (.*)$/s, (_, to) => `调用 ${to}`],
  [/^snooze for (.*)$/s, (_, time) => `延后 ${time}`],
  [/^close as spam$/, () => "作为垃圾消息关闭"],
  [/^skipped, it failed$/, () => "已跳过，出错了"],
];

// In the desk's words (router/rules/cases.py): in what a test case was not met.
const UNMET = [
  [/^(\S+) is (\S+), not (\S+)$/, (_, field, was, wanted) => `${called(field)}是${value(field, was)}，应为${value(field, wanted)}`],
  [/^there is no tag (.*)$/s, (_, tag) => `没有标签“${tag}”`],
  [/^(.*) is not required at level (\d+)$/s, (_, skill, level) => `没有要求技能 ${skill} 达到 ${level} 级`],
  [/^no reply says that$/, () => "没有回复这样说"],
  [/^rule (\S+) does not match$/, (_, rule) => `规则 ${rule} 不匹配`],
  [/^rule (\S+) matches$/, (_, rule) => `规则 ${rule} 匹配了`],
];

// In the desk's words (workers/backtest.py): what a draft would do otherwise.
const MOVED = [
  [/^(\w+): (.*) → (.*)$/s, (_, field, was, would) => `${called(field)}：${value(field, was)} → ${value(field, would)}`],
  [/^other$/, () => "其他"],
];

export const reason = (why) => (language.value === "zh" ? inChinese(why) : why);

/** Why a ticket is not in another queue. */
export const stopped = (text) => (language.value === "zh" ? inChinese(text, STOPPED) : text);

/** What a rule did. */
export const did = (text) => (language.value === "zh" ? inChinese(text, DID) : text);

/** In what a test case was not met. */
export const unmet = (text) => (language.value === "zh" ? text.split("; ").map((part) => inChinese(part, UNMET)).join("；") : text);

/** What is otherwise in a trial: of which name, from what to what. */
export const moved = (text) => (language.value === "zh" ? inChinese(text, MOVED) : text);

/** Why a ticket was offered to whom. */
export const why = (text) => (language.value === "zh" ? text.split("; ").map((part) => inChinese(part, OFFERED)).join("；") : text);
