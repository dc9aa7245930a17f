"""The specification of Frontdesk, as tests."""
