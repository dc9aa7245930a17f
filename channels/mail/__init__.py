"""E-mail: read in processes that can be killed, sent by SMTP."""
