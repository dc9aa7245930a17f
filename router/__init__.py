"""The domain: customers, conversations, tickets, agents and the decision about a message: pure."""
