"""What a mail may be at most: past these it is kept raw and set aside, because reading it costs too much.

Quarantined    a limit was passed or nothing can be made of the mail; the text says which, in words
"""

MEGABYTE = 1_000_000
LONGEST_MAIL = 25 * MEGABYTE
MOST_PARTS = 1_000
DEEPEST_PART = 30
# RFC 5322 names no limit; the To of a mail to thousands is about as long.
LONGEST_FIELD = 100_000
LONGEST_HEADER = 400_000
# One name and address: nobody's is a hundredth of this.
LONGEST_FROM = 8_000
# A sanitiser's time grows with the square of the depth; a long thread of replies nests some hundred.
DEEPEST_HTML = 1_000
MOST_TAGS = 100_000
MOST_ENTITIES = 100_000
LONGEST_HTML = 5 * MEGABYTE
# Of rich text that Outlook wrapped; pictures make it long.
LONGEST_RTF = MEGABYTE
# Of a text more is not searched for quotes, it is all taken as written.
LONGEST_TEXT = 2 * MEGABYTE
# What a desk keeps to be shown, in characters: some forty pages. All of it is a file beside.
LONGEST_KEPT = 100_000
LONGEST_KEPT_HTML = 500_000
SECONDS = 2.0
MOST_MEMORY = 1_500 * MEGABYTE


class Quarantined(Exception):
    """The mail is set aside; the text says why."""
