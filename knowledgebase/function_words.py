"""Words that carry grammar rather than subject, in English and Chinese: they weigh little in a match.

A small knowledge base can't learn from its own phrasings that "would" is common and "refund" is not; this
list stands in for the counts it lacks. Words are as `text.runs` leaves them: lower case, without accents,
apostrophes split ("don't" is "don" and "t").
"""

from typing import Final

ENGLISH: Final = frozenset(
    """
    a about after again all also am an and any anybody anyone anything are aren as at b be because been
    before being but by c can cannot could couldn d did didn do does doesn doing don done e else every far
    for from get getting give go going gonna got had has hasn have haven having he hello help her here hey
    hi him his how i if in into is isn it its just kind know let like ll long looking m make many may
    maybe me might mine more most much must my myself need needed needs no not now of off often ok okay on
    one only or other our ours out over please possible re really s say she should shouldn so some
    somebody someone something soon sort such sure t tell than thank thanks that the their them then there
    these they thing things think this those through to too try trying u under until up upon us use ve
    very wanna want wants was wasn we were what whats when where which while who whom whose why will with
    without won wonder wondering would wouldn x y yes yet you your yours
    """.split()
)
"""Function words, question words, and the verbs and courtesies that any request may hold."""

CHINESE: Final = frozenset(
    "的了吗呢啊吧呀嘛哦哈我你您他她它们这那哪是在有没不就都也还很要会能可以和与跟把被给让对从到为么什怎谁几多少个"
    "请问想说得地着过啦呐咱该应如何样之其而且或但因所于以及并比较用做"
)
"""Characters of function words; a bigram is one where both its characters are."""

ENGLISH_EVIDENCE: Final = frozenset(
    """
    the is are was my your you what how where when why who which can could would should does do don have has
    and with this that there not for from it its please thanks want need
    """.split()
)
"""Words common in English and rare in other languages written in Latin letters."""
