-- The write side finds out who signs in with an e-mail address by one reviewed function of the read
-- model (read.members_by_email) and sees nothing else here.
GRANT USAGE ON SCHEMA read TO ael_commands;
