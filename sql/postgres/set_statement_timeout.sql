set statement_timeout = {milliseconds}
