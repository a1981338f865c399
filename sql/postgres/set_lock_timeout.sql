set lock_timeout = {milliseconds}
