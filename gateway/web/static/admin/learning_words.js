// What the part of the console about learning says, in English and Simplified Chinese.
export const en = {
  learning: "Learning", learning_hint: "How right the assistant is, and what would make it better.",
  learning_precision: "Precision", learning_phrasings: "Phrasings", learning_gaps: "Gaps", learning_findings: "Findings",
  precision_ok: "The assistant is as often right as it should be: the target is {target}.", precision_drift: "The assistant is less often right than its target of {target}.",
  precision_strict: "The assistant is more often right than its target of {target}: it could answer more.", precision_few_labels: "Too few answers were judged to say whether the target of {target} is met.",
  answers_right: "Answers of the last 30 days that were right", target_asked: "If {target} of answers had to be right", share_of: "{value} ({low} to {high}, of {n})",
  would_answered: "Answered at once", would_suggested: "Articles suggested", would_precision: "Of the judged ones, right",
  target_setting: "In force: {target}, from the setting FRONTDESK_TARGET_PRECISION.", target_chosen: "In force since {time}: {target}, chosen by {who}.",
  use_target: "Use this", target_used: "From now on {target} of answers have to be right.",
  phrasings_lead: "Customers asked this way and were helped. What is learned counts within two seconds.", no_phrasings: "Nothing waits to be learned.", learn_it: "Learn it", refuse: "Refuse",
  how_helped: "the customer said it helped", how_chosen: "the customer chose it", how_sent: "an agent sent it", how_linked: "an agent linked it", how_corrected: "an agent said so",
  gaps_lead: "Questions of the last 30 days that became tickets because no article answered them.", no_gaps: "Every question had an answer.", no_reply_yet: "Nobody has replied yet.", see_ticket: "See a ticket", draft_it: "Draft an article",
  findings_lead: "Articles that stand in each other's way or have grown old.", no_findings: "Nothing to mend.",
  finding_confusing: "confusing", finding_duplicate: "double", finding_unhelpful: "unhelpful", finding_language_missing: "language missing", finding_expired: "expired", finding_stale: "old", finding_no_phrasings: "no phrasings",
};

export const zh = {
  learning: "学习", learning_hint: "机器人答得准不准，以及怎样做得更好。",
  learning_precision: "准确率", learning_phrasings: "问法", learning_gaps: "缺口", learning_findings: "检查结果",
  precision_ok: "机器人的准确率符合目标（{target}）。", precision_drift: "机器人的准确率低于目标（{target}）。",
  precision_strict: "机器人的准确率高于目标（{target}），可以回答更多问题。", precision_few_labels: "已评价的回答太少，还无法判断是否达到目标（{target}）。",
  answers_right: "最近 30 天回答正确的比例", target_asked: "如果要求 {target} 的回答正确", share_of: "{value}（{low} 至 {high}，共 {n}）",
  would_answered: "直接回答", would_suggested: "给出建议", would_precision: "已评价的回答中正确",
  target_setting: "当前生效：{target}，来自设置 FRONTDESK_TARGET_PRECISION。", target_chosen: "自 {time} 起生效：{target}，由 {who} 选定。",
  use_target: "采用", target_used: "从现在起，{target} 的回答须正确。",
  phrasings_lead: "客户这样问过，并且得到了帮助。学会后两秒内生效。", no_phrasings: "没有等待学习的问法。", learn_it: "学习", refuse: "拒绝",
  how_helped: "客户说有帮助", how_chosen: "客户选择了它", how_sent: "客服发送了它", how_linked: "客服关联了它", how_corrected: "客服确认",
  gaps_lead: "最近 30 天因没有文章可答而转为工单的问题。", no_gaps: "所有问题都有答案。", no_reply_yet: "还没有人回复。", see_ticket: "查看工单", draft_it: "起草文章",
  findings_lead: "互相混淆或已过时的文章。", no_findings: "没有需要处理的。",
  finding_confusing: "易混淆", finding_duplicate: "重复", finding_unhelpful: "没有帮助", finding_language_missing: "缺少语言", finding_expired: "已过期", finding_stale: "久未更新", finding_no_phrasings: "没有问法",
};
