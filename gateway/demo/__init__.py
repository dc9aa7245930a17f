"""The demo desk: an outdoor shop's service desk with everything set up and conversations in every state."""
