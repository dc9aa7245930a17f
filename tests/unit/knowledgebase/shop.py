"""A small shop's knowledge base in English and Chinese, as an administrator would write it."""

from typing import Final

from knowledgebase.article import Article

_PHRASINGS: Final = {
    ("order-status", "en", "Where is my order"): (
        "Where is my order?",
        "How do I track my package?",
        "My parcel has not arrived yet",
        "When will my order be delivered?",
    ),
    ("returns", "en", "Returns and refunds"): (
        "How do I return an item?",
        "I want to send something back",
        "What is your return policy?",
        "Can I get a refund?",
    ),
    ("shipping-cost", "en", "Shipping cost"): (
        "How much is shipping?",
        "Do you offer free delivery?",
        "What does delivery cost to Germany?",
    ),
    ("cancel", "en", "Cancel an order"): (
        "Cancel my order",
        "I ordered by mistake, can I cancel?",
        "How can I cancel an order I just placed?",
    ),
    ("password", "en", "Reset password"): (
        "I forgot my password",
        "How do I reset my password?",
        "I can't log in to my account",
    ),
    ("payment", "en", "Payment methods"): (
        "Which payment methods do you accept?",
        "Can I pay with PayPal?",
        "Do you take credit cards?",
    ),
    ("hours", "en", "Opening hours"): (
        "What are your opening hours?",
        "When are you open?",
        "Are you open on Sundays?",
    ),
    ("warranty", "en", "Warranty"): (
        "How long is the warranty?",
        "My product broke, is it under warranty?",
    ),
    ("zh-order", "zh", "查询订单"): ("我的订单到哪里了？", "怎么查询物流信息？", "我的包裹还没收到"),
    ("zh-return", "zh", "退货退款"): ("怎么退货？", "我想退款", "退款多久到账？"),
    ("zh-cancel", "zh", "取消订单"): ("怎么取消订单？", "我不想要了，可以取消吗", "下错单了怎么办"),
    ("zh-password", "zh", "忘记密码"): ("忘记密码怎么办？", "登录不了账号", "怎么重置密码"),
    ("zh-address", "zh", "修改地址"): ("怎么修改收货地址？", "地址填错了怎么改", "订单地址可以更改吗"),
    ("zh-payment", "zh", "支付方式"): ("支持哪些支付方式？", "可以用微信支付吗", "能用支付宝付款吗"),
}

ARTICLES: Final = tuple(
    Article(id=id_, title=title, answer=f"About: {title}", phrasings=phrasings, language=language)
    for (id_, language, title), phrasings in _PHRASINGS.items()
)
