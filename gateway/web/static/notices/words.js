// What the page of notifications says, in English and Simplified Chinese.
import { translator } from "../ui/language.js";
import { en as inboxEn, zh as inboxZh } from "../inbox/words.js";

const en = {
  ...inboxEn, language_tag: "en",
  nothing_told: "Nothing to tell you.", read_all: "Mark all as read", unread: "unread", choices: "How you are told", choices_hint: "What reaches you which way, and when you want quiet.", back_to_list: "Back to the list",
  kind: "What", way_desk: "Desk", way_email: "E-mail", way_robot: "Robot", kind_sla_risk: "A promise of yours at 75 %", kind_sla_alarm: "A promise of the team's at 90 %", kind_sla_breach: "A promise that is broken",
  kind_queue_step: "A ticket nobody takes", kind_declined: "A ticket everybody declined", kind_away: "You were set away", kind_offer: "A ticket is offered to you", kind_rule: "What a rule tells you",
  mail_to: "Mail goes to {email}.", no_mail: "No mail is sent: no e-mail channel is the desk's own sender yet. An admin can choose one under Channels.",
  told_in: "Language of mail and robot", desk_language: "The desk's", quiet: "Quiet hours", quiet_hint: "The desk always shows everything. Leave both empty for no quiet hours.", quiet_begins: "From", quiet_ends: "To", timezone: "Time zone", in_quiet: "Mail and robot", in_quiet_wait: "wait until they end", in_quiet_desk: "are not sent",
  quiet_calendar: "Quiet while the calendar “{id}” is closed; from and to here take its place.",
  robot: "Robot of a group chat", platform: "Platform", no_robot: "None", wecom: "WeCom", dingtalk: "DingTalk", feishu: "Feishu", slack: "Slack", robot_url: "Its address", robot_secret: "Its secret, if it signs", robot_kept: "Kept: {host}. Left empty it stays.", secret_kept: "Kept. Left empty it stays.", save: "Save", saved: "Saved.", try_it: "Tell me something now", tried: "It is on its way.",
  ended_failed: "{way}: not delivered", ended_in_doubt: "{way}: may not have arrived", ended_dropped: "{way}: not needed any more",
};

const zh = {
  ...inboxZh, language_tag: "zh",
  nothing_told: "没有新的通知。", read_all: "全部标为已读", unread: "未读", choices: "通知方式", choices_hint: "哪些事以哪种方式通知您，以及什么时候免打扰。", back_to_list: "返回列表",
  kind: "内容", way_desk: "服务台", way_email: "邮件", way_robot: "机器人", kind_sla_risk: "您的承诺已用去 75%", kind_sla_alarm: "团队的承诺已用去 90%", kind_sla_breach: "承诺已超时",
  kind_queue_step: "工单无人接手", kind_declined: "工单被所有人拒绝", kind_away: "您被设为离开", kind_offer: "有工单派给您", kind_rule: "规则通知您的事",
  mail_to: "邮件发送到 {email}。", no_mail: "目前不发送邮件：还没有邮件渠道作为服务台自己的发件人。管理员可以在“渠道”中选择。",
  told_in: "邮件和机器人的语言", desk_language: "与服务台相同", quiet: "免打扰时段", quiet_hint: "服务台始终显示全部通知。两项都留空则不设免打扰。", quiet_begins: "从", quiet_ends: "到", timezone: "时区", in_quiet: "邮件和机器人", in_quiet_wait: "等时段结束后再发", in_quiet_desk: "不发送",
  quiet_calendar: "日历“{id}”关闭时免打扰；在此填写时间会取代它。",
  robot: "群聊机器人", platform: "平台", no_robot: "无", wecom: "企业微信", dingtalk: "钉钉", feishu: "飞书", slack: "Slack", robot_url: "机器人地址", robot_secret: "签名密钥（如有）", robot_kept: "已保存：{host}。留空则保持不变。", secret_kept: "已保存。留空则保持不变。", save: "保存", saved: "已保存。", try_it: "现在通知我试试", tried: "正在发送。",
  ended_failed: "{way}：未送达", ended_in_doubt: "{way}：可能未送达", ended_dropped: "{way}：已不再需要",
};

export const t = translator({ en, zh });
