// Why a message was decided as it was: the desk's own phrases, in the reader's language.
import { language } from "../ui/language.js";

// In the desk's words (router/decide.py) and in Chinese; what an article or a person is called stays as it is.
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
];

function inChinese(why) {
  for (const [pattern, say] of CHINESE) {
    const found = why.match(pattern);
    if (found) return say(...found);
  }
  return why;
}

export const reason = (why) => (language.value === "zh" ? inChinese(why) : why);
