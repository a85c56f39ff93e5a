-- Accounts of programs are few among many: found without a look at all.
CREATE INDEX account_program ON account (id) WHERE password = '';
