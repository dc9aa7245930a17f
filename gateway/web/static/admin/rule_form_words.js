// What the form of a rule says, and what waits to be published.
export const en = {
  new_rule: "New rule", add_rule: "Add a rule", from_recipe: "From a recipe…", recipes: "Rules to begin with", recipes_lead: "What you choose is put among your changes, with its tests; change its queues and words to yours before you publish.",
  rule_name: "Name", rule_stage: "Stage", rule_if: "If", rule_mode: "How many must hold", mode_all: "all of these hold", mode_any: "any of these holds", always_matches: "No condition: it always matches.",
  add_condition: "Add a condition", rule_then: "Then", add_effect: "Add an effect", condition_n: "Condition {n}", effect_n: "Effect {n}", take_out: "Take out: {what}", rule_done: "Done",
  rule_rest: "When it is tried, its switch, a note", rule_events: "Tried when", event_message: "a customer writes", event_ticket_created: "a ticket is there", event_ticket_changed: "a ticket was changed", event_time: "time passes", rule_on: "On", rule_note: "Note for colleagues",
  not_complete: "Not complete yet: the rule is told here as a sentence.", the_field: "field", the_key: "key", the_operator: "comparison", the_value: "value", the_level: "level", what_is_done: "what is done", level_n: "level {n}", unit: "unit", unit_m: "minutes", unit_h: "hours", unit_d: "days", unit_w: "weeks",
  not_so: "not: {what}", in_quotes: "“{what}”", alike: "How alike, of 100", as_text_hint: "Nested conditions, CEL and the like are written as JSON.", reply_hint: "{{ customer.name }}, {{ ticket.number }}, {{ message.text }} and the like are filled in.",
  everyone: "everyone", supervisors: "supervisors", people_of: "queue: {queue}", told_text: "What they are told (empty: the subject)", other_context: "another key of the context…", other_attribute: "another attribute of the customer…",
  fields_message: "Message", fields_customer: "Customer", fields_ticket: "Ticket it reached", fields_now: "As set so far", fields_before: "Before the change", fields_scores: "Articles and scores", fields_time: "Time and who acts",
  move_up: "Up: {name}", move_down: "Down: {name}", pending: "Changes not published", pending_n: "Changes that decide nothing yet: {n}", pending_from: "begun from version {version}", pending_give_up: "Give up", change_its_rules: "Change its rules", tests_pending: "What you change here is published with the rules that wait.",
  kind_message: "message", kind_edit: "edit", kind_delete: "deletion", kind_action: "button", kind_typing: "typing", kind_receipt: "receipt", with_bot: "the assistant", with_person: "a person", with_closed: "nobody: it is over",
  waiting_reason_customer: "the customer", waiting_reason_internal: "a colleague", waiting_reason_snoozed: "a time", outcome_answer: "it would answer", outcome_suggest: "it would suggest", outcome_none: "nothing fits",
  actor_customer: "a customer", actor_agent: "an agent", actor_bot: "the assistant", actor_api: "a program", actor_rule: "a rule", actor_clock: "the clock", hours_open: "open", hours_closed: "closed",
  weekday_mon: "Monday", weekday_tue: "Tuesday", weekday_wed: "Wednesday", weekday_thu: "Thursday", weekday_fri: "Friday", weekday_sat: "Saturday", weekday_sun: "Sunday",
};

export const zh = {
  new_rule: "新规则", add_rule: "新增规则", from_recipe: "从范例开始…", recipes: "规则范例", recipes_lead: "选中的范例连同测试会加入您的修改；发布前请改成自己的队列和用语。",
  rule_name: "名称", rule_stage: "阶段", rule_if: "如果", rule_mode: "满足几项", mode_all: "以下全部成立", mode_any: "以下任意一项成立", always_matches: "没有条件：始终匹配。",
  add_condition: "添加条件", rule_then: "那么", add_effect: "添加动作", condition_n: "条件 {n}", effect_n: "动作 {n}", take_out: "移除：{what}", rule_done: "完成",
  rule_rest: "何时尝试、开关、备注", rule_events: "何时尝试", event_message: "客户来消息", event_ticket_created: "工单创建后", event_ticket_changed: "工单有变动", event_time: "时间经过", rule_on: "启用", rule_note: "给同事的备注",
  not_complete: "尚未填完：完成后这里会用一句话说明规则。", the_field: "字段", the_key: "键名", the_operator: "比较方式", the_value: "值", the_level: "级别", what_is_done: "动作", level_n: "{n} 级", unit: "单位", unit_m: "分钟", unit_h: "小时", unit_d: "天", unit_w: "周",
  not_so: "并非：{what}", in_quotes: "“{what}”", alike: "相似度（满分 100）", as_text_hint: "嵌套条件、CEL 等以 JSON 书写。", reply_hint: "{{ customer.name }}、{{ ticket.number }}、{{ message.text }} 等会自动填入。",
  everyone: "所有人", supervisors: "主管", people_of: "队列：{queue}", told_text: "通知内容（留空则为主题）", other_context: "上下文的其他键…", other_attribute: "客户的其他属性…",
  fields_message: "消息", fields_customer: "客户", fields_ticket: "已有工单", fields_now: "当前设定", fields_before: "变动之前", fields_scores: "文章与评分", fields_time: "时间与操作者",
  move_up: "上移：{name}", move_down: "下移：{name}", pending: "未发布的修改", pending_n: "{n} 处修改尚未生效", pending_from: "基于版本 {version}", pending_give_up: "放弃修改", change_its_rules: "修改其规则", tests_pending: "这里的修改会与待发布的规则一同发布。",
  kind_message: "消息", kind_edit: "修改", kind_delete: "撤回", kind_action: "按钮", kind_typing: "正在输入", kind_receipt: "回执", with_bot: "机器人", with_person: "人工", with_closed: "已结束",
  waiting_reason_customer: "等待客户", waiting_reason_internal: "等待同事", waiting_reason_snoozed: "已推迟", outcome_answer: "会回答", outcome_suggest: "会给出建议", outcome_none: "没有合适的",
  actor_customer: "客户", actor_agent: "客服", actor_bot: "机器人", actor_api: "程序", actor_rule: "规则", actor_clock: "时钟", hours_open: "营业", hours_closed: "休息",
  weekday_mon: "星期一", weekday_tue: "星期二", weekday_wed: "星期三", weekday_thu: "星期四", weekday_fri: "星期五", weekday_sat: "星期六", weekday_sun: "星期日",
  wrong_field: "没有这个字段", wrong_operator: "比较方式不适用", wrong_value: "值不合适", wrong_pattern: "模式不合适", wrong_missing: "缺少内容", wrong_cel: "表达式有误", wrong_template: "模板有误", wrong_target: "不能设置此项", wrong_effect: "不是动作", wrong_condition: "不是条件", wrong_stage: "此阶段不能用这个动作",
  wrong_length: "数量不合适", wrong_duplicate: "标识重复", wrong_unknown: "没有这个名称", wrong_too_deep: "嵌套过深", wrong_too_large: "规则过大", wrong_case: "测试未通过", wrong_string_too_short: "内容不能为空", wrong_string_too_long: "内容过长", wrong_too_short: "至少选择一项",
};
